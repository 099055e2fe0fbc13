"""Finds a study or run by name: `demo`, `demo/prune-0.1`, or `prune-0.1` if it is unique."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from medtui.errors import UsageError
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_catalogue import StudyCatalogue
from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.study_summary import StudySummary
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ownership.liveness import POLL_SECONDS
from medtui.runs.subfolders import is_planned, subfolders
from medtui.suggest import did_you_mean
from medtui.user_folders import expand_home


@dataclass(frozen=True)
class Target:
    """A study, or one run of it."""

    study: StudyFolder
    run: RunFolder | None = None
    """None where the whole study is meant."""

    @property
    def name(self) -> str:
        """The full name: `demo` or `demo/prune-0.1`."""
        return self.study.name if self.run is None else self.run.full_name

    def runs(self) -> list[RunFolder]:
        """Return the run, or all runs of the study."""
        return self.study.runs() if self.run is None else [self.run]


def find_target(runs_dir: Path, name: str) -> Target:
    """Find a study or run by full name, by path, or by the last part of a unique full name.

    Raises:
        UsageError: there is none, or more than one.
        OSError: its folder cannot be read.
    """
    wanted = _within(runs_dir, name)
    targets = _targets(runs_dir)
    exact = [target for target in targets if target.name == wanted]
    found = exact or [target for target in targets if target.name.endswith(f"/{wanted}")]
    if len(found) == 1:
        _require_readable(found[0])
        return found[0]
    if found:
        names = ", ".join(target.name for target in found)
        raise UsageError(f"`{name}` matches {names}.", hint="Use the full name.")
    for target in targets:
        if wanted.startswith(f"{target.name}/"):
            _require_readable(target)  # else its runs are not known to be missing
    raise UsageError(
        f"There is no study or run named `{name}` in {runs_dir}.", hint=_hint(wanted, targets)
    )


def find_run(runs_dir: Path, name: str, *, refusal: str, example: str) -> RunFolder:
    """Return a run. Of a study, `refusal` says why it will not do, `example` names a run of STUDY.

    Raises:
        UsageError: as `find_target`, or it is a study.
        OSError: as `find_target`.
    """
    found = find_target(runs_dir, name)
    if found.run is None:
        raise UsageError(
            f"{found.name} is a study, {refusal}.",
            hint=f"For example: {example.replace('STUDY', found.name, 1)}",
        )
    return found.run


def find_studies(runs_dir: Path, names: Iterable[str]) -> list[StudyFolder]:
    """Return the studies of these names, each once.

    Raises:
        UsageError: as `find_target`.
        OSError: as `find_target`.
    """
    return list(dict.fromkeys(find_target(runs_dir, name).study for name in names))


def all_studies(runs_dir: Path) -> list[StudyFolder]:
    """Return all studies of a runs folder by name, which reads nothing but the folder."""
    return [StudyFolder(path) for path in subfolders(runs_dir) if is_planned(path)]


def target_names(runs_dir: Path) -> list[str]:
    """Return the full names of all studies and runs."""
    return [target.name for target in _targets(runs_dir)]


def read_study(folder: StudyFolder) -> StudyFeed:
    """Read everything that a study's folder holds now; await heartbeats from elsewhere."""
    study = StudyFeed(folder)
    study.refresh()
    while any(run.is_behind for run in study.runs):
        study.refresh()
    while study.is_undecided:
        time.sleep(POLL_SECONDS)
        study.refresh()
    return study


def list_studies(runs_dir: Path, newest: int | None) -> tuple[list[StudySummary], str]:
    """Return all studies, or those of the newest runs, and why others cannot be listed.

    Heartbeats from elsewhere are awaited.
    """
    catalogue = StudyCatalogue(runs_dir)
    catalogue.scan(is_whole=True)
    if newest is not None:
        catalogue.newest(newest)
    while catalogue.is_behind:
        catalogue.advance()
    while catalogue.is_undecided:
        time.sleep(POLL_SECONDS)
        catalogue.refresh_undecided()
    return list(catalogue.summaries()), catalogue.problem


def run_in(study: StudyFeed, folder: RunFolder) -> RunFeed:
    """Return a study's feed of one of its runs."""
    return next(run for run in study.runs if run.folder.name == folder.name)


def _targets(runs_dir: Path) -> list[Target]:
    return [
        target
        for study in all_studies(runs_dir)
        for target in (Target(study), *(Target(study, run) for run in study.found_runs()))
    ]


def _require_readable(target: Target) -> None:
    """Raise an error for an unreadable folder, whose runs would otherwise seem not to exist."""
    os.scandir(target.study.path).close()
    if target.run is not None:
        os.scandir(target.run.path).close()


def _within(runs_dir: Path, name: str) -> str:
    """Turn a path into the name it has in `runs_dir`, since shells complete paths."""
    path = expand_home(name)
    if path.exists() and path.resolve().is_relative_to(runs_dir.resolve()):
        return path.resolve().relative_to(runs_dir.resolve()).as_posix()
    return name.strip("/")


def _hint(wanted: str, targets: list[Target]) -> str:
    names = {target.name.rpartition("/")[2]: target.name for target in targets}
    names |= {target.name: target.name for target in targets}
    unknown = "List them with `medtui runs list`, or choose another folder with --runs-dir."
    return did_you_mean(wanted, names.values(), former=names, otherwise=unknown)
