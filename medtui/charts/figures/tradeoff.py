"""Trade-offs of compression: the primary metric by density, and the Pareto fronts."""

from collections.abc import Callable

from medtui.analysis.columns import column_named
from medtui.analysis.pareto import pareto_front
from medtui.analysis.run_record import RunRecord
from medtui.charts.figures.data import FigureData
from medtui.charts.plot import Plot, Series
from medtui.units import MIB


def metric_by_density(data: FigureData) -> tuple[Plot, ...]:
    """Return the primary metric on test against the density asked for.

    A line joins the runs of a scheme; low-fidelity runs are dots beside it.
    """
    headline = data.headline
    found: dict[str, list[tuple[float, float]]] = {}
    dots = list[Series]()
    for scheme, runs in data.schemes().items():
        for run in runs:
            density, value = run.entry.density, data.test_value(run)
            if density is None or value is None:
                continue
            dots.append(run.series([(density, value)], "dots", digits=headline.digits))
            if not run.entry.is_probe:
                found.setdefault(scheme, []).append((density, value))
    lines = tuple(
        Series(name, tuple(sorted(points)), "faint", variant=at)
        for at, (name, points) in enumerate(found.items())
        if len(points) > 1
    )
    return (
        Plot(
            f"{headline.title} on test by density{headline.unit}",
            (*dots, *lines),
            data.reference_levels("test"),
            x_label="density",
            y_label=data.axis_label("test"),
            y_bounds=headline.axis_bounds,
            is_x_log=True,
            empty=data.without_test("no marked run has a density"),
        ),
    )


def pareto(data: FigureData) -> tuple[Plot, ...]:
    """Return the primary metric on test against sparse size, and against latency.

    The front joins the runs that are not dominated in both on val, which was used for selection:
    a front chosen on test would be quoted too well there. Low-fidelity runs are on none.
    """
    return (
        _front(data, "sparse file size", "MiB", lambda run: run.result.size.bytes_packed / MIB, ""),
        _front(
            data,
            "p50 latency",
            "ms",
            column_named("latency").number,
            "no marked run has a benchmark: run `medtui bench STUDY`",
        ),
    )


def _front(
    data: FigureData, cost: str, unit: str, cost_of: Callable[[RunRecord], float | None], empty: str
) -> Plot:
    headline = data.headline
    known = [
        (run, spent, value)
        for run in data.runs
        if (value := data.test_value(run)) is not None and (spent := cost_of(run.entry)) is not None
    ]
    whole = [
        (*each, on_val)
        for each in known
        if not each[0].entry.is_probe and (on_val := data.val_value(each[0])) is not None
    ]
    chosen = pareto_front([(x, on_val) for _, x, _, on_val in whole])
    front = [whole[at][:3] for at in chosen]
    best = ", ".join(run.mark.letter for run, _, _ in front)
    steps = tuple((x, y) for _, x, y in front)
    lines = [Series("Pareto front", steps, "faint")] if len(steps) > 1 else []
    return Plot(
        f"{headline.title} on test by {cost} ({unit}){headline.unit}",
        (
            *(run.series([(x, y)], "dots", digits=headline.digits) for run, x, y in known),
            *lines,
        ),
        x_label=f"{cost}, {unit}",
        y_label=data.axis_label("test"),
        y_bounds=headline.axis_bounds,
        is_x_log=True,
        remark=f"front: {best}, chosen on val" if best else "",
        empty=data.without_test(empty or "no measurement yet"),
    )
