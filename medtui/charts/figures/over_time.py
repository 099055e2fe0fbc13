"""Runs over time: metrics on val and on test by cycle, memory and utilisation by time."""

from medtui.analysis.run_record import task_of
from medtui.charts.figures.data import ChartedRun, FigureData
from medtui.charts.figures.run_curves import SAME, TUNED
from medtui.charts.plot import Plot, Series
from medtui.metrics import VAL_USE, Metric, metric_named
from medtui.monitor.run_curves import RunCurves
from medtui.monitor.telemetry_curves import MEAN_S, Point

_FULL_PERCENT = 100.0


def metric_by_cycle(data: FigureData) -> tuple[Plot, ...]:
    """Return the primary metric on val by cycle, and behind it that of the fine-tuned model.

    What is trained in epochs has no cycles, and is a level.
    """
    headline = data.headline
    shown = [(run, curves) for run, curves in data.with_curves()
             if not run.entry.folder.is_trained]  # fmt: skip
    place = 1 + max((curves.cycles[-1].cycle for _, curves in shown if curves.cycles), default=0)
    tuned = {run.entry.key: _tuned(run, curves, headline) for run, curves in shown}
    series = tuple(
        run.series(
            (*curves.metric(headline), *_behind(curves, place, tuned[run.entry.key])),
            digits=headline.digits,
        )
        for run, curves in shown
    )
    levels = data.reference_levels("val")
    dashed = "; dashed: reference, which has no cycles" if levels else ""
    return (
        Plot(
            f"{headline.title} on val by cycle{headline.unit}{dashed}",
            series,
            levels,
            x_label="cycle",
            y_label=data.axis_label("val"),
            y_bounds=headline.axis_bounds,
            x_names=((float(place), TUNED),) if any(tuned.values()) else (),
            are_x_whole=True,
            remark=f"val was {VAL_USE}",
            empty="references have no cycles: mark a compressed run",
        ),
    )


def _tuned(run: ChartedRun, curves: RunCurves, metric: Metric) -> float | None:
    """Return the metric on val after fine-tuning; None where the kept cycle has that value."""
    result = run.entry.result
    at_cycle = next((metric.of(each.val) for each in curves.cycles
                     if each.cycle == result.best_cycle), None)  # fmt: skip
    at_end = metric.of(result.val.metrics)
    if at_cycle is None or at_end is None or abs(at_end - at_cycle) <= SAME:
        return None
    return metric.scale(at_end)


def _behind(curves: RunCurves, place: int, tuned: float | None) -> tuple[Point, ...]:
    """Return the point of the fine-tuned model, which no line joins with the cycles."""
    if tuned is None:
        return ()
    return (curves.cycles[-1].cycle + 0.5, None), (float(place), tuned)


def test_by_cycle(data: FigureData) -> tuple[Plot, ...]:
    """Return metrics on test by cycle: the primary one, in multi-label tasks also accuracies."""
    names = ["accuracy", "exact_match"] if task_of(data.entries) == "multi" else []
    others = [metric for name in names if (metric := metric_named(name))]
    return tuple(_test_curves(data, metric) for metric in (data.headline, *others))


def _test_curves(data: FigureData, metric: Metric) -> Plot:
    series = tuple(
        run.series(curves.test_metric(metric), digits=metric.digits)
        for run, curves in data.with_curves()
        if not run.entry.folder.is_trained
    )
    return Plot(
        f"{metric.title} on test by cycle, before any fine-tuning{metric.unit}",
        series,
        data.reference_levels("test", metric),
        x_label="cycle",
        y_label=f"test {metric.label}{metric.unit}",
        y_bounds=metric.axis_bounds,
        are_x_whole=True,
        remark="for the record: nothing was chosen by it",
        empty=data.without_test("no marked compression has test by cycle: set evaluate.test_every"),
    )


def memory(data: FigureData) -> tuple[Plot, ...]:
    """Return memory over time: used and free."""
    what = "GPU memory" if data.has_gpu else "Memory"
    used = tuple(
        run.series(curves.telemetry.memory_used, digits=2) for run, curves in data.with_curves()
    )
    free = tuple(
        run.series(curves.telemetry.memory_free, digits=2) for run, curves in data.with_curves()
    )
    in_use = "used" if data.has_gpu else "of the worker"
    return (
        _by_time(f"{what} {in_use}, GiB", used, f"memory {in_use}, GiB"),
        _by_time(f"{what} free, GiB", free, "free memory, GiB"),
    )


def utilisation(data: FigureData) -> tuple[Plot, ...]:
    """Return utilisation over time: the mean of some seconds, and the raw curve behind it."""
    means = tuple(
        run.series(curves.telemetry.utilisation_mean, digits=0)
        for run, curves in data.with_curves()
    )
    raw = tuple(
        run.series(curves.telemetry.utilisation, "faint", digits=0, label="")
        for run, curves in data.with_curves()
    )
    title = "GPU utilisation, %" if data.has_gpu else "No GPU: process CPU, %"
    label = "GPU, %" if data.has_gpu else "CPU, % of one core"
    limit = _FULL_PERCENT if data.has_gpu else None
    return (_by_time(title, means + raw, label, limit, f"mean of {MEAN_S} s"),)


def _by_time(
    title: str, series: tuple[Series, ...], label: str, limit: float | None = None, remark: str = ""
) -> Plot:
    return Plot(
        title,
        series,
        x_label="minute",
        is_sampled=True,
        is_clock=True,
        y_label=label,
        y_limits=(0, limit),
        remark=remark,
        empty="no telemetry",
    )
