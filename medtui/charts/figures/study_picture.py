"""A study as one picture: the primary metric on test against the sparse size of its runs.

Whiskers are the paired intervals of the changes, put at the level of what each run is compared
with: an interval of a run's own metric would cover the whole picture, whatever was lost. The band
is the margin below that level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from medtui.analysis.outcome import RunOutcome, StudyOutcome
from medtui.charts.bands import BandKind
from medtui.charts.figures.off_scale import near_limits
from medtui.charts.plot import Interval, Level, Plot, Series, Zone
from medtui.charts.run_identity import RunIdentity, identify_study
from medtui.metrics import Metric, primary_metric
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.runs.run_names import is_control, is_reference, names_probe
from medtui.units import MIB, SEALED

BARS, BARS_IN_SHORT = "│ 95 % of the change", "│ 95 %"
"""What the vertical bars are."""

BY_SIZE = ", by size of the sparse file"
"""Ends the title, which narrow panes shorten."""


@dataclass(frozen=True)
class PicturePoint:
    """A run in the picture."""

    run: RunSummary
    size: float
    """Sparse size in MiB; of a live run, expected by the density of its model so far."""
    value: float
    """The primary metric as the axis counts it: on test, of a live run on val."""
    whisker: Interval | None
    is_live: bool


def picture_points(study: StudySummary, outcome: StudyOutcome | None) -> list[PicturePoint]:
    """Return the runs that have a place in the picture, the smallest first."""
    points = list[PicturePoint]()
    for run in study.runs:
        found = outcome.run(run.name) if outcome else None
        point = _finished(run, found) if found else _live(run)
        if point is not None and not names_probe(run.name):
            points.append(point)
    return sorted(points, key=lambda point: (point.size, point.run.name))


def study_picture(
    study: StudySummary, outcome: StudyOutcome | None, lit: str = "", band: BandKind = "margin"
) -> Plot:
    """Return the picture of a study; `lit` is the key of the run under the cursor."""
    points = picture_points(study, outcome)
    task = outcome.task if outcome else study.runs[0].task if study.runs else "single"
    metric = primary_metric(task)
    marks = identify_study(study.name, [run.name for run in study.runs])
    levels = _levels(points, metric)
    zones = _zones(levels, outcome, metric, band)
    remarks = [BARS] if any(point.whisker for point in points) else []
    remarks += ["○ val so far"] if any(point.is_live for point in points) else []
    return Plot(
        f"Test {metric.label}{metric.unit}{BY_SIZE}",
        tuple(_series(point, marks[point.run.key], metric, lit) for point in points),
        levels=levels,
        zones=zones,
        x_label="sparse file size, MiB",
        y_label=f"test {metric.label}{metric.unit}",
        y_limits=_limits(points, levels, zones),
        y_bounds=metric.axis_bounds,
        is_x_log=True,
        remark="  ".join(remarks),
        empty=_why_empty(study, outcome),
    )


def _why_empty(study: StudySummary, outcome: StudyOutcome | None) -> str:
    if outcome is None and study.num_finished:
        return "comparing runs …"
    if any(run.is_sealed and run.status == "finished" for run in study.runs):
        return f"test is {SEALED}"
    return "no run of this study is finished yet" if study.is_live else "no run was finished"


def _finished(run: RunSummary, found: RunOutcome) -> PicturePoint | None:
    value = run.headline.scale(found.value)
    if value is None:
        return None
    whisker = None
    if found.change is not None and found.low is not None and found.high is not None:
        ends = [run.headline.scale(end - found.change) or 0.0 for end in (found.low, found.high)]
        whisker = (value + ends[0], value + ends[1])
    if is_reference(run.name) or is_control(run.name):
        whisker = None
    return PicturePoint(run, found.bytes_packed / MIB, value, whisker, is_live=False)


def _live(run: RunSummary) -> PicturePoint | None:
    value, size = run.headline.scale(run.val), run.bytes_expected
    if run.status != "running" or value is None or not size:
        return None
    return PicturePoint(run, size / MIB, value, None, is_live=True)


def _series(point: PicturePoint, mark: RunIdentity, metric: Metric, lit: str) -> Series:
    return Series(
        "",
        ((point.size, point.value),),
        "dots",
        metric.digits,
        tint=mark.tint,
        letter=mark.letter,
        intervals=(point.whisker,) if point.whisker else (),
        variant=mark.variant,
        is_hollow=point.is_live,
        is_lit=point.run.key == lit,
    )


def _levels(points: Sequence[PicturePoint], metric: Metric) -> tuple[Level, ...]:
    """Return the first control and the first reference as lines."""
    done = [point for point in points if not point.is_live]
    control = [point for point in done if is_control(point.run.name)]
    dense = [point for point in done if is_reference(point.run.name)]
    first_control = min(control, key=lambda point: point.run.name, default=None)
    first_dense = min(dense, key=lambda point: point.run.name, default=None)
    levels = list[Level]()
    if first_control is not None:
        levels.append(Level("control", first_control.value, metric.digits, "control"))
    if first_dense is not None:
        levels.append(Level("reference", first_dense.value, metric.digits, "reference"))
    return tuple(levels)


def _zones(
    levels: Sequence[Level], outcome: StudyOutcome | None, metric: Metric, band: BandKind
) -> tuple[Zone, ...]:
    """Return the band at the first level: that of the control, else of the reference."""
    if not levels or outcome is None or band == "none":
        return ()
    if band == "interval":
        own = next((run.own for run in outcome.runs if run.name.startswith(levels[0].label)), None)
        low, high = (metric.scale(end) for end in own or (None, None))
        if low is None or high is None:
            return ()
        return (Zone(f"95 % of the {levels[0].label}", low, high),)
    margin = metric.scale(outcome.margin) or 0.0
    return (
        Zone(
            f"margin {metric.show_amount(outcome.margin)}",
            levels[0].value - margin,
            levels[0].value,
        ),
    )


def _limits(
    points: Sequence[PicturePoint], levels: Sequence[Level], zones: Sequence[Zone]
) -> tuple[float | None, float | None]:
    """Return ends of the axis beyond which single points are far off; None where none is."""
    if not levels:
        return None, None
    fixed = [*(level.value for level in levels), *(zone.low for zone in zones)]
    ends = [(point.value, point.whisker or (point.value, point.value)) for point in points]
    return near_limits(ends, levels[0].value, fixed)
