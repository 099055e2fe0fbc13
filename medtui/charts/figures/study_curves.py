"""The primary metric on val by cycle, of all runs of a study that were compressed."""

from medtui.analysis.outcome import StudyOutcome
from medtui.charts.figures.off_scale import without_far_curves
from medtui.charts.plot import Plot, Series
from medtui.charts.run_identity import identify_study
from medtui.metrics import primary_metric
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.runs.run_names import names_probe


def study_curves(study: StudySummary, outcome: StudyOutcome | None, lit: str = "") -> Plot:
    """Return the curves of a study's compressions; `lit` is the key of the run under the cursor."""
    task = outcome.task if outcome else study.runs[0].task if study.runs else "single"
    metric = primary_metric(task)
    marks = identify_study(study.name, [run.name for run in study.runs])
    series = list[Series]()
    for run in study.runs:
        values = curve_of_run(run, outcome)
        if not run.is_compressed or names_probe(run.name) or not values:
            continue
        mark = marks[run.key]
        points = tuple((cycle, metric.scale(value)) for cycle, value in enumerate(values))
        series.append(
            Series(run.title, points, digits=metric.digits, tint=mark.tint, letter=mark.letter,
                   variant=mark.variant, is_lit=run.key == lit)
        )  # fmt: skip
    plot = Plot(
        f"Val {metric.label}{metric.unit} by cycle",
        tuple(series),
        x_label="cycle",
        y_label=f"val {metric.label}{metric.unit}",
        y_bounds=metric.axis_bounds,
        are_x_whole=True,
        empty="no compression has been measured yet" if study.is_live else "no curve was recorded",
    )
    return without_far_curves(plot)


def curve_of_run(run: RunSummary, outcome: StudyOutcome | None) -> tuple[float, ...]:
    """Return the metric by cycle: of a live run as read, of a finished one as compared."""
    found = outcome.run(run.name) if outcome else None
    return run.curve or (found.curve if found else ())
