"""Reads results on other data sets and makes what their screen shows. Runs in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.analysis.low_fidelity import split_by_fidelity
from medtui.analysis.run_record import read_run_records, task_of
from medtui.analysis.site_records import describe_unfinished
from medtui.analysis.site_tables import matrix_warnings, site_tables
from medtui.analysis.sites import site_matrix
from medtui.analysis.table import Table
from medtui.metrics import Metric, primary_metric, reported_metrics
from medtui.runs.folder import RunFolder, StudyFolder

NOTHING = (
    "These runs have not been evaluated on another data set. E evaluates them: it asks for a card "
    "and the folder of its images."
)


@dataclass(frozen=True)
class SitesContent:
    """What the screen shows."""

    metric: Metric | None
    """None where no run is finished."""
    tables: tuple[Table, ...]
    sentences: tuple[str, ...]
    """What a reader should know, and what could not be read."""
    runs: tuple[RunFolder, ...]
    """The finished runs."""


def read_content(runs_dir: Path, studies: Sequence[str], metric: Metric | None) -> SitesContent:
    """Return the results of studies' finished runs; `metric` is None for the primary one."""
    folders = [run for name in studies for run in StudyFolder(runs_dir / name).runs()]
    read, problems = read_run_records(folders)
    entries, _ = split_by_fidelity(read)
    if not entries:
        unfinished = describe_unfinished(folders)
        return SitesContent(None, (), ("No run is finished.", *unfinished, *problems), ())
    shown = metric or primary_metric(task_of(entries))
    matrix = site_matrix(entries, shown)
    tables = tuple(site_tables(matrix))
    sentences = [] if tables else [NOTHING]
    return SitesContent(
        shown,
        tables,
        (
            *sentences,
            *matrix_warnings(matrix),
            *describe_unfinished(folders),
            *matrix.problems,
            *problems,
        ),
        tuple(entry.folder for entry in entries),
    )


def metric_after(metric: Metric, task_metrics: Sequence[Metric] = ()) -> Metric:
    """Return the next metric that has paired changes, the first after the last."""
    known = [each for each in task_metrics or reported_metrics() if each.resample is not None]
    names = [each.name for each in known]
    at = names.index(metric.name) if metric.name in names else -1
    return known[(at + 1) % len(known)]
