"""Runs the evaluation's process for `medtui evaluate` and prints the matrix of results."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from medtui.cli.follow.signals import INTERRUPTED
from medtui.cli.models.sites import show_sites
from medtui.cli.run_lookup import find_target
from medtui.cli.stream import erase_progress, write_progress
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError, explain_os_error
from medtui.jobs.external import EvaluationProcess, describe_site, with_baselines
from medtui.protocol.external import EvaluateMessage, SiteMeasured, SiteSkipped
from medtui.protocol.outcome import Progress
from medtui.runs.completion import is_finished
from medtui.runs.external_record import (
    ExternalResult,
    delete_external,
    read_externals,
    read_other_models,
)
from medtui.runs.folder import RunFolder
from medtui.runs.model_choice import RUN, find_model, name_of, runs_with
from medtui.runs.run_names import names_probe
from medtui.units import plural


@dataclass(frozen=True)
class EvaluateOptions:
    """What `medtui evaluate` was asked for."""

    runs_dir: Path
    targets: Sequence[str]
    card: str
    """Empty shows what is stored."""
    root: str
    split: str
    class_map: Path | None
    name: str
    model: str
    """`run` for the runs' own alone; else what else of them is evaluated."""
    metric: str
    """Empty takes the primary metric of the runs' task."""
    delete: str
    """Name of a data set whose results are deleted; empty deletes none."""
    device: str
    threads: int
    as_json: bool
    is_quiet: bool


def evaluate_targets(asked: EvaluateOptions) -> int:
    """Evaluate, delete or show results on other data sets; return the exit code.

    Raises:
        MedtuiError: a target does not exist, or the data set cannot be read.
    """
    named = _runs_of(asked.runs_dir, asked.targets)
    runs = [run for run in named if is_finished(run)]
    if asked.delete:
        return _delete(runs, asked.delete, asked.model)
    whole = with_baselines(runs)
    if not asked.card:
        show_sites(whole, asked.metric, as_json=asked.as_json, named=named)
        return 0
    site = describe_site(
        asked.card, asked.root, name=asked.name, split=asked.split, class_map=asked.class_map
    )
    progress = EvaluationProgress(is_quiet=asked.is_quiet)
    others, lacking = runs_with(runs, asked.model)
    if lacking:
        progress.say(lacking)
    process = EvaluationProcess(
        whole, site, device=asked.device, threads=asked.threads, others=others, model=asked.model
    )
    try:
        process.follow(progress.report)
    except KeyboardInterrupt:
        process.cancel()
        print("medtui: Cancelled. Results that were complete stay.", file=sys.stderr)
        return INTERRUPTED
    progress.end()
    show_sites(whole, asked.metric, as_json=asked.as_json, named=named)
    return MedtuiError.exit_code if progress.num_skipped else 0


def _runs_of(runs_dir: Path, targets: Sequence[str]) -> list[RunFolder]:
    """Return the runs that are named, finished or not.

    Raises:
        UsageError: a target has no finished run.
    """
    found = dict[RunFolder, None]()
    for name in targets:
        target = find_target(runs_dir, name)
        runs = [target.run] if target.run else target.study.runs()
        runs = [run for run in runs if not names_probe(run.name)]
        if not any(map(is_finished, runs)):
            raise UsageError(
                f"{target.name} has no finished run to evaluate.",
                hint=f"Its state: medtui runs show {target.name}",
            )
        found |= dict.fromkeys(runs)
    return list(found)


class EvaluationProgress:
    """Writes the process's progress, and each run that has its result, to stderr."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self.num_skipped = 0
        """Models that could not be evaluated."""

    def report(self, message: EvaluateMessage) -> None:
        """Take a message of the process."""
        match message:
            case Progress(text):
                if not self._is_quiet:
                    write_progress(text)
            case SiteMeasured(run, _, was_stored, model):
                state = "was evaluated before" if was_stored else "evaluated"
                self.say(f"{_title_of(run, model)}: {state}")
            case SiteSkipped(run, problem, model):
                self.num_skipped += 1
                erase_progress()
                print(f"medtui: {_title_of(run, model)}: not evaluated: {problem}", file=sys.stderr)
            case _:
                assert_never(message)

    def say(self, sentence: str) -> None:
        """Write a sentence, unless all is to be quiet."""
        if not self._is_quiet:
            erase_progress()
            print(sentence, file=sys.stderr)

    def end(self) -> None:
        """Erase the last line of progress."""
        if not self._is_quiet:
            erase_progress()


def _title_of(run: str, model: str) -> str:
    name = "/".join(Path(run).parts[-2:])
    return name if model == RUN else f"{name}, {model}"


def _delete(runs: Sequence[RunFolder], name: str, model: str) -> int:
    """Delete the results on a data set: all, or those of a model that is not the runs' own."""
    known = [(run, result) for run in runs for result in _stored(run, model)]
    found = [
        (run, result)
        for run, result in known
        if name in {result.site, result.digest[: len(name)] if len(name) >= 4 else ""}  # noqa: PLR2004 - as git
    ]
    if not found:
        names = sorted({result.site for _, result in known})
        whose = "No run" if model == RUN else f"No model `{model}`"
        raise UsageError(
            f"{whose} was evaluated on `{name}`.",
            hint=f"Data sets: {', '.join(names)}." if names else "There are no such results.",
        )
    for run, result in found:
        try:
            delete_external(run, result.digest, result.model_name)
        except OSError as error:
            problem = explain_os_error(error)
            raise EnvironmentProblem(problem.message, hint=problem.hint) from error
    print(f"{plural(len(found), 'result')} on {name} deleted")
    return 0


def _stored(run: RunFolder, model: str) -> list[ExternalResult]:
    """Return a run's results, or those of another model: shrunk, a format, or a file's name."""
    if model == RUN:
        return read_externals(run)[0]
    try:
        name = name_of(model, find_model(run, model))
    except UsageError:
        name = Path(model).name  # the file was deleted
    return [each for each in read_other_models(run) if each.model_name == name]
