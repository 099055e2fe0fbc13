"""The primary metric on val by cycle, of all runs of a study that were compressed.

Behind the cycles is a place for the fine-tuned models, as in the charts of one run.
"""

from medtui.analysis.outcome import StudyOutcome
from medtui.charts.figures.off_scale import without_far_curves
from medtui.charts.figures.run_curves import SAME, TUNED
from medtui.charts.plot import Plot, Series
from medtui.charts.run_identity import identify_study
from medtui.metrics import primary_metric
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.monitor.telemetry_curves import Point
from medtui.runs.run_names import names_probe


def study_curves(study: StudySummary, outcome: StudyOutcome | None, lit: str = "") -> Plot:
    """Return the curves of a study's compressions; `lit` is the key of the run under the cursor."""
    task = outcome.task if outcome else study.runs[0].task if study.runs else "single"
    metric = primary_metric(task)
    marks = identify_study(study.name, [run.name for run in study.runs])
    shown = [
        (run, values, _tuned(run, values))
        for run in study.runs
        if (values := curve_of_run(run, outcome))
        and run.is_compressed
        and not names_probe(run.name)
    ]
    place = float(max((len(values) for _, values, _ in shown), default=0))
    series = list[Series]()
    for run, values, at_end in shown:
        mark = marks[run.key]
        points: list[Point] = [
            (float(cycle), metric.scale(value)) for cycle, value in enumerate(values)
        ]
        if at_end is not None:
            points += [(place - 0.5, None), (place, metric.scale(at_end))]
        series.append(
            Series(run.title, tuple(points), digits=metric.digits, tint=mark.tint,
                   letter=mark.letter, variant=mark.variant, is_lit=run.key == lit, is_run=True)
        )  # fmt: skip
    plot = Plot(
        f"Val {metric.label}{metric.unit} by cycle",
        tuple(series),
        x_label="cycle",
        y_label=f"val {metric.label}{metric.unit}",
        y_bounds=metric.axis_bounds,
        x_names=((place, TUNED),) if any(at_end is not None for *_, at_end in shown) else (),
        are_x_whole=True,
        empty=_why_empty(study, outcome),
    )
    return without_far_curves(plot)


def _why_empty(study: StudySummary, outcome: StudyOutcome | None) -> str:
    if outcome is None and study.num_finished:
        return "comparing runs …"
    return "no compression has been measured yet" if study.is_live else "no curve was recorded"


def _tuned(run: RunSummary, values: tuple[float, ...]) -> float | None:
    """Return the metric of a finished run whose model is not that of its kept cycle."""
    if run.status != "finished" or run.val is None or run.cycle is None:
        return None
    at_cycle = values[run.cycle] if run.cycle < len(values) else None
    return None if at_cycle is None or abs(run.val - at_cycle) <= SAME else run.val


def curve_of_run(run: RunSummary, outcome: StudyOutcome | None) -> tuple[float, ...]:
    """Return the metric by cycle: of a live run as read, of a finished one as compared."""
    found = outcome.run(run.name) if outcome else None
    return run.curve or (found.curve if found else ())
