"""The charts of one run, made of its view. Each gives a plot; none draws."""

from collections.abc import Callable, Iterable

from medtui.charts.plot import Level, Plot, Series
from medtui.events import CycleEnded
from medtui.metrics import Metric
from medtui.monitor.run_view import RunView
from medtui.monitor.telemetry_curves import MEAN_S, Point
from medtui.units import format_gib

_FULL_PERCENT = 100.0


def accuracy_plot(view: RunView) -> Plot:
    """Give the headline metric by cycle, val and test, against the reference."""
    headline = view.row.headline
    word = _cycle_word(view)
    series = [Series("val", _curve(view.cycles, lambda each: headline.of(each.val), headline))]
    if any(cycle.test for cycle in view.cycles):
        points = _curve(view.cycles, lambda each: headline.of(each.test), headline)
        series.append(Series("test", points, "dots"))
    return Plot(
        title=f"{headline.title} by {word}{headline.unit}",
        series=tuple(series),
        levels=_reference_levels(view, headline),
        x_label=word,
        x_limits=(0 if view.stage == "compress" else 1, _last_cycle(view)),
        are_x_whole=True,
        empty=f"the first {word} is not measured yet",
    )


def loss_plot(view: RunView) -> Plot:
    """Give the loss: of w while it trains, and of w and theta on val by cycle."""
    word = _cycle_word(view)
    series = [Series("val" if view.stage == "reference" else "theta on val", tuple(
        (cycle.cycle, cycle.val.get("loss")) for cycle in view.cycles), digits=3)]  # fmt: skip
    if any(cycle.w_val for cycle in view.cycles):
        points = tuple((cycle.cycle, cycle.w_val.get("loss")) for cycle in view.cycles)
        series.append(Series("w on val", points, "dots", digits=3))
    if view.losses:
        series.append(Series("train, running stage", view.losses, digits=3))
    return Plot(
        title=f"Loss by {word}",
        series=tuple(series),
        x_label=word,
        x_limits=(0, _last_cycle(view)),
        empty=f"the first {word} is not measured yet",
    )


def gap_plot(view: RunView) -> Plot:
    """Give how far w is from theta, by cycle."""
    points = tuple((cycle.cycle, cycle.gap) for cycle in view.cycles)
    return Plot(
        title="Constraint gap |w-theta|/|w| by cycle",
        series=(Series("gap", points, digits=4),),
        x_label="cycle",
        x_limits=(0, _last_cycle(view)),
        are_x_whole=True,
        is_log=True,
        empty="a reference has no gap" if view.stage == "reference" else "no cycle measured yet",
    )


def schedule_plot(view: RunView) -> Plot:
    """Give penalty and learning rate by cycle."""
    word = _cycle_word(view)
    curves = (
        Series("mu", tuple((cycle.cycle, cycle.mu) for cycle in view.cycles), digits=4),
        Series("lr", tuple((cycle.cycle, cycle.lr) for cycle in view.cycles), digits=5),
    )
    return Plot(
        title=f"Schedule by {word}",
        series=curves[1:] if view.stage == "reference" else curves,
        x_label=word,
        x_limits=(0, _last_cycle(view)),
        are_x_whole=True,
        is_log=True,
    )


def memory_plot(view: RunView) -> Plot:
    """Give memory over time, used and free: the GPU's, else the worker's and the host's."""
    vitals = view.telemetry
    total = "" if vitals.total_bytes is None else f" of {format_gib(vitals.total_bytes)}"
    return Plot(
        title=f"{'GPU memory' if vitals.has_gpu else 'Memory'} by minute, GiB{total}",
        series=(
            Series("used" if vitals.has_gpu else "worker", vitals.memory_used, digits=2),
            Series("free", vitals.memory_free),
        ),
        x_label="minute",
        y_limits=(0, None),
        empty="no telemetry yet",
    )


def utilisation_plot(view: RunView) -> Plot:
    """Give utilisation over time: raw faint, its mean of some seconds bold."""
    vitals = view.telemetry
    title = "GPU utilisation by minute, %" if vitals.has_gpu else "No GPU: process CPU by minute, %"
    return Plot(
        title=title,
        series=(
            Series(f"mean of {MEAN_S} s", vitals.utilisation_mean, digits=0),
            Series("raw", vitals.utilisation, "faint"),
        ),
        x_label="minute",
        y_limits=(0, _FULL_PERCENT if vitals.has_gpu else None),
        empty="no telemetry yet",
    )


def _cycle_word(view: RunView) -> str:
    return "epoch" if view.stage == "reference" else "cycle"


def _last_cycle(view: RunView) -> float:
    last = view.cycles[-1].cycle if view.cycles else 0
    first = 0 if view.stage == "compress" else 1
    return max(last, view.num_planned - 1 + first, 1)


def _reference_levels(view: RunView, headline: Metric) -> tuple[Level, ...]:
    value = headline.scale(headline.of(view.reference))
    return () if value is None else (Level("reference val", value),)


def _curve(
    cycles: Iterable[CycleEnded],
    value_of: Callable[[CycleEnded], float | None],
    headline: Metric,
) -> tuple[Point, ...]:
    return tuple((cycle.cycle, headline.scale(value_of(cycle))) for cycle in cycles)
