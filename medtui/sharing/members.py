"""Which files of a study a pack holds: what readers need, and nothing of the processes that wrote.

Locks, owner records, jobs, requests, checkpoints and the folders of trackers stay behind, and any
file that medtui does not know.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.errors import MedtuiError
from medtui.runs.external_record import external_folders
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ledger import read_ledger
from medtui.runs.result import read_result
from medtui.sharing.marker import marker_path


@dataclass(frozen=True)
class Member:
    """One file of a pack."""

    name: str
    """Path in the pack: `malaria/prune-0.1/result.json`."""
    content: Path | bytes
    """The file that is copied, or what is written."""


@dataclass(frozen=True)
class Chosen:
    """A study, and those of its runs that are shared."""

    study: StudyFolder
    runs: tuple[RunFolder, ...]


def members_of(chosen: Chosen) -> Iterator[Member]:
    """Yield the files of a study with some of its runs, unchanged."""
    for path in _files_of(chosen.study, chosen.runs):
        yield Member(name_in_pack(chosen.study, path), path)


def name_in_pack(study: StudyFolder, path: Path) -> str:
    """Return the path of a study's file in a pack."""
    return f"{study.name}/{path.relative_to(study.path).as_posix()}"


def _files_of(study: StudyFolder, runs: Sequence[RunFolder]) -> Iterator[Path]:
    own = (study.preset, study.note, study.search, study.ledger, marker_path(study),
           study.supervisor_log)  # fmt: skip
    yield from _existing(own)
    gated = _gated_files(study)
    for run in runs:
        yield from _existing((*record_files(run), *log_files(run)))
        yield from (path for path in gated if path.is_relative_to(run.path))
        for folder in (run.exports, run.training_features):
            yield from _inside(folder)


def record_files(run: RunFolder) -> Iterator[Path]:
    """Yield the files of a run that results are read from, whether they exist or not."""
    yield from (
        run.preset, run.provenance, run.events, run.telemetry, run.split, run.model,
        run.model_record, run.narrowed, run.shrunk, run.shrunk_manifest, run.predictions,
        run.changed, run.bench, run.result,
    )  # fmt: skip
    if is_opened(run):
        yield from (run.opened.predictions, run.opened.changed, run.opened.result)
    for external in external_folders(run):
        if external.result.is_file():
            yield from (external.predictions, external.result)


def log_files(run: RunFolder) -> tuple[Path, ...]:
    """Return what processes printed, which may hold anything."""
    return (run.worker_log,)


def is_opened(run: RunFolder) -> bool:
    """Return whether a gate has opened the run's sealed test.

    A gate that was killed leaves the folder without its line in the ledger: that test is sealed,
    and what the folder holds must not leave.
    """
    try:
        result = read_result(run)
    except MedtuiError:
        return False
    return result is not None and result.seal == "opened"


def _gated_files(study: StudyFolder) -> list[Path]:
    """Return the records of gates that the ledger names."""
    try:
        lines = read_ledger(study).lines
    except MedtuiError:
        return []
    names = dict.fromkeys(name for line in lines if line.verb == "gate" for name in line.results)
    paths = [study.path / name for name in names if "/gates/" in name]
    return [path for path in paths if path.is_file() and ".." not in path.parts]


def gate_files(run: RunFolder) -> list[Path]:
    """Return the records of gates at a run's test that the ledger names."""
    return [path for path in _gated_files(run.study) if path.is_relative_to(run.path)]


def _existing(paths: Sequence[Path]) -> Iterator[Path]:
    yield from (path for path in paths if path.is_file())


def _inside(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder without links, hidden and temporary ones."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and not is_hidden:
            yield path
