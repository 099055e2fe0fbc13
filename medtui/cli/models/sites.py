"""The matrix of finished runs on other data sets, as text or JSON on stdout."""

import sys
from collections.abc import Sequence
from textwrap import fill

from medtui.analysis.run_record import read_run_records, task_of
from medtui.analysis.site_records import describe_unfinished
from medtui.analysis.site_tables import matrix_objects, matrix_warnings, site_tables
from medtui.analysis.sites import SiteMatrix, site_matrix
from medtui.cli.json_lines import print_object
from medtui.cli.table import render_table
from medtui.control_characters import one_line
from medtui.errors import UsageError
from medtui.metrics import Metric, metric_named, primary_metric, reported_metrics
from medtui.runs.folder import RunFolder
from medtui.suggest import did_you_mean

_WIDTH = 80
"""Columns of sentences; tables are as wide as they need to be, or as the terminal is."""


def show_sites(
    runs: Sequence[RunFolder], metric: str, *, as_json: bool, named: Sequence[RunFolder] = ()
) -> None:
    """Print the matrix of all results that these runs have.

    `metric` is a name, or empty for the primary one of their task. Of the runs that were `named`,
    those that are not finished are told on stderr.

    Raises:
        UsageError: there is none.
    """
    entries, problems = read_run_records(runs)
    matrix = site_matrix(entries, _metric_of(metric) or primary_metric(task_of(entries)))
    if not matrix.has_sites:
        raise UsageError(
            "These runs have not been evaluated on another data set.",
            hint="Name one: medtui evaluate STUDY --card CARD --root FOLDER",
        )
    if as_json:
        for each in matrix_objects(matrix):
            print_object(each)
    else:
        print("\n\n".join(_text_of(matrix)))
    for problem in (*describe_unfinished(named), *problems, *matrix.problems):
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
        f"{table.title}\n{render_table(table.shown, table.rows, num_keys=table.num_keys)}\n"
        f"{fill(table.note, _WIDTH)}"
        for table in site_tables(matrix)
    ]
    warnings = [fill(one_line(each), _WIDTH) for each in matrix_warnings(matrix)]
    return [*blocks, *(["\n".join(warnings)] if warnings else [])]
