"""A finished run's metric on a data set: its interval, its paired change, the verdict on it."""

from dataclasses import dataclass, replace

from medtui.analysis.pairing import pair_predictions
from medtui.analysis.run_record import RunRecord
from medtui.analysis.site_records import SiteRecord
from medtui.analysis.verdicts import Verdict, judge
from medtui.metrics import Metric, primary_metric
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.shortage import unit_of
from medtui.runs.result import SplitResult


@dataclass(frozen=True)
class SiteCell:
    """One run on one data set."""

    value: float | None
    interval: tuple[float, float] | None
    no_interval: str = ""
    """Why there is no interval."""
    change: Difference | None = None
    """From the run's control or reference on the same images; None for these, or without them."""
    verdict: Verdict | None = None
    """On the change of the primary metric, by the margin of the run's preset; None for others."""
    baseline: str = ""
    """Key of the run that the change is from."""
    is_sealed: bool = False
    """Whether it is a test that is kept sealed."""


def site_change(baseline: SiteRecord, record: SiteRecord, metric: Metric) -> Difference | None:
    """Return the paired difference of two runs on a data set; None where it is undefined.

    Raises:
        MedtuiError: answers are missing, or the runs have different classes.
    """
    pair = pair_predictions(baseline.predictions, record.predictions, "test")
    unit = unit_of(has_patients=bool(pair.num_patients))
    found = paired_differences(pair.reference, pair.run, pair.patients, (metric,), unit=unit)
    return found.get(metric.name)


def cell_of(measured: SplitResult, metric: Metric) -> SiteCell:
    """Return a cell without a change."""
    return SiteCell(
        metric.of(measured.metrics),
        measured.intervals.get(metric.name),
        measured.no_interval.get(metric.name, ""),
    )


def judged(
    cell: SiteCell, change: Difference | None, entry: RunRecord, baseline: RunRecord, metric: Metric
) -> SiteCell:
    """Return a cell with its change from a baseline, and the verdict by the margin of `entry`.

    The margin is stated for the primary metric: changes of others have no verdict.
    """
    if change is None or metric is not primary_metric(entry.result.task):
        return replace(cell, change=change, baseline=baseline.key)
    shortage = change.shortage.text if change.shortage else ""
    verdict = judge(change, entry.margin, shortage=shortage)
    return replace(cell, change=change, verdict=verdict, baseline=baseline.key)
