"""The charts of Compare: marked runs on one plane. Each gives a plot; none draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medtui.analysis.columns import Split, column_named
from medtui.analysis.pareto import pareto_front
from medtui.analysis.run_record import Entry, task_of
from medtui.charts.plot import Level, Plot, Series
from medtui.charts.selection import Mark
from medtui.metrics import Metric, primary_metric
from medtui.monitor.telemetry_curves import Point
from medtui.tui.compare.model import Curves
from medtui.units import MIB


@dataclass(frozen=True)
class Marked:
    """One marked run with what its curves need."""

    entry: Entry
    mark: Mark
    title: str
    """Its name, short where all are of one study."""


def accuracy_overlay(runs: Sequence[Marked], curves: Sequence[Curves]) -> Plot:
    """Give the headline metric on val by cycle; dense runs are levels, for epochs are no cycles."""
    headline = _headline(runs)
    pairs = [pair for pair in zip(runs, curves, strict=True)
             if not pair[0].entry.folder.is_reference]  # fmt: skip
    return Plot(
        f"{headline.title} on val by cycle{headline.unit}",
        _series([run for run, _ in pairs], [each.primary for _, each in pairs]),
        _reference_levels(runs, headline, "val"),
        x_label="cycle",
        are_x_whole=True,
        empty="only references are marked: they have no cycles",
    )


def memory_overlay(runs: Sequence[Marked], curves: Sequence[Curves], *, is_free: bool) -> Plot:
    """Give memory over time: used, or free."""
    has_gpu = any(each.has_gpu for each in curves)
    what = "free" if is_free else "used" if has_gpu else "of the worker"
    return Plot(
        f"{'GPU memory' if has_gpu else 'Memory'} {what} by minute, GiB",
        _series(runs, [each.memory_free if is_free else each.memory_used for each in curves], 2),
        x_label="minute",
        y_limits=(0, None),
        remark="" if is_free else "2 again: free",
        empty="no telemetry",
    )


def utilisation_overlay(runs: Sequence[Marked], curves: Sequence[Curves]) -> Plot:
    """Give utilisation over time; `m` smooths it and keeps the raw curves faint."""
    has_gpu = any(each.has_gpu for each in curves)
    return Plot(
        "GPU utilisation by minute, %" if has_gpu else "No GPU: process CPU by minute, %",
        _series(runs, [each.utilisation for each in curves], 0),
        x_label="minute",
        y_limits=(0, 100 if has_gpu else None),
        empty="no telemetry",
    )


def density_plot(runs: Sequence[Marked]) -> Plot:
    """Give the headline metric on test against the density asked for, a curve for each scheme.

    Probes are dots beside it.
    """
    headline = _headline(runs)
    found: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    for run in runs:
        value = headline.scale(headline.of(run.entry.result.test.metrics))
        if run.entry.density is not None and value is not None:
            group = found.setdefault((run.entry.result.scheme, run.entry.is_probe), [])
            group.append((run.entry.density, value))
    series = tuple(
        Series(f"{scheme} probes", tuple(sorted(points)), "dots") if are_probes
        else Series(scheme, tuple(sorted(points)))
        for (scheme, are_probes), points in found.items()
    )  # fmt: skip
    return Plot(
        f"{headline.title} on test by density{headline.unit}",
        series,
        _reference_levels(runs, headline, "test"),
        x_label="density",
        is_x_log=True,
        empty="no marked run has a density",
    )


def pareto_plot(runs: Sequence[Marked], *, is_by_latency: bool) -> Plot:
    """Give the headline metric on test against packed size, or latency where it was measured.

    The front is what no whole run beats in both.
    """
    headline = _headline(runs)
    value_of: Callable[[Marked], float | None] = lambda run: headline.scale(  # noqa: E731
        headline.of(run.entry.result.test.metrics)
    )
    known = [
        (run, cost, value)
        for run in runs
        if (value := value_of(run)) is not None
        and (cost := _cost(run.entry, is_by_latency=is_by_latency)) is not None
    ]
    whole = [each for each in known if not each[0].entry.is_probe]
    front = [whole[at] for at in pareto_front([(x, y) for _, x, y in whole])]
    steps = tuple((x, y) for _, x, y in front)
    dots = [
        Series(run.title, ((x, y),), "dots", tint=run.mark.tint, letter=run.mark.letter)
        for run, x, y in known
    ]
    cost_label, other = ("p50 ms", "size") if is_by_latency else ("packed MiB", "latency")
    best = ", ".join(run.mark.letter for run, _, _ in front)
    return Plot(
        f"{headline.title} on test by {cost_label}{headline.unit}",
        (*dots, Series("", steps, "faint")),
        x_label=cost_label,
        is_x_log=True,
        remark=f"front: {best}  6 again: by {other}",
        empty="no marked run has a benchmark: `medtui bench STUDY` makes one; 6 again: by size",
    )


def _cost(entry: Entry, *, is_by_latency: bool) -> float | None:
    if is_by_latency:
        return column_named("latency").number(entry)
    return entry.result.size.bytes_packed / MIB


def _series(
    runs: Sequence[Marked], curves: Sequence[tuple[Point, ...]], digits: int = 1
) -> tuple[Series, ...]:
    return tuple(
        Series(run.title, points, digits=digits, tint=run.mark.tint, letter=run.mark.letter)
        for run, points in zip(runs, curves, strict=True)
    )


def _headline(runs: Sequence[Marked]) -> Metric:
    return primary_metric(task_of([run.entry for run in runs]))


def _reference_levels(runs: Sequence[Marked], headline: Metric, split: Split) -> tuple[Level, ...]:
    dense = [run for run in runs if run.entry.folder.is_reference]
    values = [headline.scale(headline.of(run.entry.split(split).metrics)) for run in dense]
    return tuple(
        Level(f"{run.title} {split}", value)
        for run, value in zip(dense, values, strict=True)
        if value is not None
    )
