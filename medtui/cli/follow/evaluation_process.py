"""Runs the evaluation's process for `medtui evaluate` and prints the matrix of results."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from medtui.analysis.run_record import read_run_records, task_of
from medtui.analysis.site_tables import matrix_objects, matrix_warnings, site_tables
from medtui.analysis.sites import SiteMatrix, site_matrix
from medtui.cli.run_lookup import find_target
from medtui.cli.show.summary import print_object
from medtui.cli.stream import erase_progress, write_progress
from medtui.cli.table import render_table
from medtui.control_characters import one_line
from medtui.errors import EnvironmentProblem, UsageError, explain_os_error
from medtui.jobs.external import EvaluationProcess, describe_site, with_baselines
from medtui.metrics import Metric, metric_named, primary_metric, reported_metrics
from medtui.protocol.external import EvaluateMessage, SiteMeasured
from medtui.protocol.outcome import Progress
from medtui.runs.completion import is_finished
from medtui.runs.external_record import delete_external, read_externals
from medtui.runs.folder import RunFolder
from medtui.runs.run_names import names_probe
from medtui.suggest import did_you_mean
from medtui.units import plural

INTERRUPTED = 130


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
    runs = _runs_of(asked.runs_dir, asked.targets)
    if asked.delete:
        return _delete(runs, asked.delete)
    whole = with_baselines(runs)
    if asked.card:
        site = describe_site(
            asked.card, asked.root, name=asked.name, split=asked.split, class_map=asked.class_map
        )
        process = EvaluationProcess(whole, site, device=asked.device, threads=asked.threads)
        try:
            process.follow(lambda message: report_evaluation(message, is_quiet=asked.is_quiet))
        except KeyboardInterrupt:
            process.cancel()
            print("medtui: Cancelled. Results that were complete stay.", file=sys.stderr)
            return INTERRUPTED
        if not asked.is_quiet:
            erase_progress()
    _show(whole, asked)
    return 0


def _runs_of(runs_dir: Path, targets: Sequence[str]) -> list[RunFolder]:
    found = dict[RunFolder, None]()
    for name in targets:
        target = find_target(runs_dir, name)
        runs = [target.run] if target.run else target.study.runs()
        finished = [run for run in runs if is_finished(run) and not names_probe(run.name)]
        if not finished:
            raise UsageError(f"{target.name} has no finished run to evaluate.")
        found |= dict.fromkeys(finished)
    return list(found)


def report_evaluation(message: EvaluateMessage, *, is_quiet: bool) -> None:
    """Write the process's progress, and each run that has its result, to stderr."""
    match message:
        case Progress(text):
            if not is_quiet:
                write_progress(text)
        case SiteMeasured(run, _, was_stored):
            if not is_quiet:
                erase_progress()
                name = "/".join(Path(run).parts[-2:])
                state = "was evaluated before" if was_stored else "evaluated"
                print(f"{name}: {state}", file=sys.stderr)
        case _:
            assert_never(message)


def _show(runs: Sequence[RunFolder], asked: EvaluateOptions) -> None:
    """Print the matrix of all results that these runs have.

    Raises:
        UsageError: there is none.
    """
    entries, problems = read_run_records(runs)
    matrix = site_matrix(entries, _metric_of(asked.metric) or primary_metric(task_of(entries)))
    if not matrix.has_sites:
        raise UsageError(
            "These runs have not been evaluated on another data set.",
            hint="Name one: medtui evaluate STUDY --card CARD --root FOLDER",
        )
    if asked.as_json:
        for each in matrix_objects(matrix):
            print_object(each)
    else:
        print("\n\n".join(_text_of(matrix)))
    for problem in (*problems, *matrix.problems):
        print(f"medtui: {problem}", file=sys.stderr)


def _metric_of(name: str) -> Metric | None:
    if not name:
        return None
    known = [each.name for each in reported_metrics()]
    if name not in known:
        raise UsageError(f"There is no metric `{name}`. {did_you_mean(name, known)}")
    return metric_named(name)


def _text_of(matrix: SiteMatrix) -> list[str]:
    blocks = [
        f"{table.title}\n{render_table(table.shown, table.rows)}\n{table.note}"
        for table in site_tables(matrix)
    ]
    warnings = [one_line(each) for each in matrix_warnings(matrix)]
    return [*blocks, *(["\n".join(warnings)] if warnings else [])]


def _delete(runs: Sequence[RunFolder], name: str) -> int:
    found = [
        (run, result)
        for run in runs
        for result in read_externals(run)[0]
        if name in {result.site, result.digest[: len(name)] if len(name) >= 4 else ""}  # noqa: PLR2004 - as git
    ]
    if not found:
        known = sorted({each.site for run in runs for each in read_externals(run)[0]})
        raise UsageError(
            f"No run was evaluated on `{name}`.",
            hint=f"Data sets: {', '.join(known)}." if known else "There are no such results.",
        )
    for run, result in found:
        try:
            delete_external(run, result.digest)
        except OSError as error:
            problem = explain_os_error(error)
            raise EnvironmentProblem(problem.message, hint=problem.hint) from error
    print(f"{plural(len(found), 'result')} on {name} deleted")
    return 0
