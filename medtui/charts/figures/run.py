"""The charts of one run, live or saved, made from its view."""

from collections.abc import Callable, Iterable

from medtui.charts.palette import Tint
from medtui.charts.plot import Level, Plot, Series, Stroke
from medtui.charts.run_identity import RunIdentity, identify_run
from medtui.events import CycleEnded
from medtui.metrics import VAL_USE, Metric
from medtui.monitor.run_view import RunView
from medtui.monitor.telemetry_curves import MEAN_S, Point
from medtui.units import format_gib

_FULL_PERCENT = 100.0


def identity_of(view: RunView) -> RunIdentity:
    """Return the letter and the colour that the run has on every screen."""
    names = [run.name for run in view.study.runs]
    return identify_run(view.study.name, view.row.name, names)


def accuracy_plot(view: RunView) -> Plot:
    """Return the primary metric by cycle, val and test, against the reference."""
    headline = view.row.headline
    word = _cycle_word(view)
    val = _curve(view.cycles, lambda each: headline.of(each.val), headline)
    series = [_own(view, "val", val, digits=headline.digits)]
    if any(cycle.test for cycle in view.cycles):
        points = _curve(view.cycles, lambda each: headline.of(each.test), headline)
        series.append(_other(view, "test", points, "t", "dots", digits=headline.digits))
    return Plot(
        title=f"{headline.title} by {word}{headline.unit}",
        series=tuple(series),
        levels=_reference_levels(view, headline),
        x_label=word,
        y_label=f"{headline.label}{headline.unit}",
        x_limits=(0 if view.stage == "compress" else 1, _last_cycle(view)),
        are_x_whole=True,
        remark=f"val is {VAL_USE}",
        empty=f"waiting for the first {word}",
    )


def loss_plot(view: RunView) -> Plot:
    """Return the loss: of w while it trains, and of w and theta on val by cycle."""
    word = _cycle_word(view)
    val = tuple((cycle.cycle, cycle.val.get("loss")) for cycle in view.cycles)
    label = "val" if view.stage == "reference" else "theta on val"
    series = [_own(view, label, val, digits=3)]
    if any(cycle.w_val for cycle in view.cycles):
        points = tuple((cycle.cycle, cycle.w_val.get("loss")) for cycle in view.cycles)
        series.append(_other(view, "w on val", points, "w", "dots", digits=3))
    if view.losses:
        series.append(_other(view, "train, running stage", view.losses, "t", digits=3))
    return Plot(
        title=f"Loss by {word}",
        series=tuple(series),
        x_label=word,
        y_label="loss",
        x_limits=(0, _last_cycle(view)),
        remark=f"val is {VAL_USE}",
        empty=f"waiting for the first {word}",
    )


def constraint_violation_plot(view: RunView) -> Plot:
    """Return how far the dense weights w are from the compressed ones theta, by cycle."""
    points = tuple((cycle.cycle, cycle.gap) for cycle in view.cycles)
    is_reference = view.stage == "reference"
    return Plot(
        title="Constraint violation |w-theta|/|w| by cycle",
        series=(_own(view, "constraint violation", points, digits=4),),
        x_label="cycle",
        y_label="|w-theta|/|w|",
        x_limits=(0, _last_cycle(view)),
        are_x_whole=True,
        is_log=True,
        empty="a reference has no constraint violation"
        if is_reference
        else "waiting for the first cycle",
    )


def schedule_plot(view: RunView) -> Plot:
    """Return penalty and learning rate by cycle."""
    word = _cycle_word(view)
    rate = tuple((cycle.cycle, cycle.lr) for cycle in view.cycles)
    mu = tuple((cycle.cycle, cycle.mu) for cycle in view.cycles)
    curves = (
        (_own(view, "lr", rate, digits=5),)
        if view.stage == "reference"
        else (_own(view, "mu", mu, digits=4), _other(view, "lr", rate, "l", digits=5))
    )
    return Plot(
        title=f"Schedule by {word}",
        series=curves,
        x_label=word,
        x_limits=(0, _last_cycle(view)),
        are_x_whole=True,
        is_log=True,
    )


def memory_plot(view: RunView) -> Plot:
    """Return memory over time, used and free: the GPU's, else the worker's and the host's."""
    telemetry = view.telemetry
    total = "" if telemetry.total_bytes is None else f" of {format_gib(telemetry.total_bytes)}"
    used = "used" if telemetry.has_gpu else "worker"
    return Plot(
        title=f"{'GPU memory' if telemetry.has_gpu else 'Memory'} by minute, GiB{total}",
        series=(
            _own(view, used, telemetry.memory_used, digits=2),
            _other(view, "free", telemetry.memory_free, "f"),
        ),
        x_label="minute",
        is_sampled=True,
        y_label="memory, GiB",
        y_limits=(0, None),
        empty="no telemetry yet",
    )


def utilisation_plot(view: RunView) -> Plot:
    """Return utilisation over time: raw faint, its mean of some seconds bold."""
    telemetry = view.telemetry
    has_gpu = telemetry.has_gpu
    return Plot(
        title="GPU utilisation by minute, %" if has_gpu else "No GPU: process CPU by minute, %",
        series=(
            _own(view, f"mean of {MEAN_S} s", telemetry.utilisation_mean, digits=0),
            Series("raw", telemetry.utilisation, "faint"),
        ),
        x_label="minute",
        is_sampled=True,
        y_label="GPU, %" if has_gpu else "CPU, % of one core",
        y_limits=(0, _FULL_PERCENT if has_gpu else None),
        empty="no telemetry yet",
    )


def _own(view: RunView, label: str, points: tuple[Point, ...], *, digits: int = 1) -> Series:
    """Return the chart's main curve, in the run's colour and with its letter."""
    run = identity_of(view)
    return Series(label, points, digits=digits, tint=run.tint, letter=run.letter)


def _other(
    view: RunView,
    label: str,
    points: tuple[Point, ...],
    letter: str,
    stroke: Stroke = "line",
    *,
    digits: int = 1,
) -> Series:
    """Return a further curve of the run: a neutral colour, and a lower-case letter."""
    tint: Tint = "muted" if view.stage == "reference" else "strong"
    return Series(label, points, stroke, digits, tint, letter, variant=1)


def _cycle_word(view: RunView) -> str:
    return "epoch" if view.stage == "reference" else "cycle"


def _last_cycle(view: RunView) -> float:
    last = view.cycles[-1].cycle if view.cycles else 0
    first = 0 if view.stage == "compress" else 1
    return max(last, view.num_planned - 1 + first, 1)


def _reference_levels(view: RunView, headline: Metric) -> tuple[Level, ...]:
    value = headline.scale(headline.of(view.reference))
    return () if value is None else (Level("reference val", value, headline.digits),)


def _curve(
    cycles: Iterable[CycleEnded],
    value_of: Callable[[CycleEnded], float | None],
    headline: Metric,
) -> tuple[Point, ...]:
    return tuple((cycle.cycle, headline.scale(value_of(cycle))) for cycle in cycles)
