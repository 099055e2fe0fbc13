"""The charts of one run, live or saved, made from its view."""

from collections.abc import Callable, Iterable

from medtui.charts.palette import Tint
from medtui.charts.plot import Level, Mark, Plot, Series, Zone
from medtui.charts.run_identity import RunIdentity, identify_run
from medtui.events import CycleEnded
from medtui.metrics import Metric
from medtui.monitor.run_view import RunView
from medtui.monitor.telemetry_curves import Point

_SAME = 1e-6
"""Values of a metric that differ by less are of the same model."""


def identity_of(view: RunView) -> RunIdentity:
    """Return the letter and the colour that the run has on every screen."""
    names = [run.name for run in view.study.runs]
    return identify_run(view.study.name, view.row.name, names)


def metric_plot(view: RunView, *, metric: Metric) -> Plot:
    """Return a metric by cycle, val and test, against the control and the reference on val."""
    word = _cycle_word(view)
    val = _curve(view.cycles, lambda each: metric.of(each.val), metric)
    series = [own_series(view, "val", val, digits=metric.digits)]
    if any(metric.of(cycle.test) is not None for cycle in view.cycles):
        points = _curve(view.cycles, lambda each: metric.of(each.test), metric)
        points = tuple(point for point in points if point[1] is not None)
        series.append(_other(view, "test", points, "test", digits=metric.digits))
    control = metric.scale(metric.of(view.control))
    reference = metric.scale(metric.of(view.reference))
    return Plot(
        title=f"{metric.title}{metric.unit}",
        series=tuple(series),
        levels=(
            *_level("control val", control, metric.digits, is_control=True),
            *_level("reference val", reference, metric.digits, is_control=False),
        ),
        zones=_margin_of(view, metric, control),
        x_label=word,
        y_label=f"{metric.label}{metric.unit}",
        x_limits=(_first_cycle(view), _last_cycle(view)),
        y_bounds=metric.axis_bounds,
        are_x_whole=True,
        remark=_kept_remark(view),
        empty=_why_empty(view, word),
    )


def accuracy_plot(view: RunView) -> Plot:
    """Return the primary metric by cycle."""
    return metric_plot(view, metric=view.row.headline)


def loss_plot(view: RunView) -> Plot:
    """Return the loss on val and test by cycle, and that of w where L-C compresses."""
    word = _cycle_word(view)
    val = _loss_of(view, lambda each: each.val)
    series = [own_series(view, "val", val, digits=3)]
    for label, points, letter in (
        ("test", _loss_of(view, lambda each: each.test), "t"),
        ("w on val", _loss_of(view, lambda each: each.w_val), "w"),
    ):
        measured = tuple(point for point in points if point[1] is not None)
        if measured:
            mark: Mark = "test" if label == "test" else "val_only"
            series.append(_other(view, label, measured, letter, mark=mark, digits=3))
    return Plot(
        title="Loss",
        series=tuple(series),
        levels=(
            *_level("control val", view.control.get("loss"), 3, is_control=True),
            *_level("reference val", view.reference.get("loss"), 3, is_control=False),
        ),
        x_label=word,
        y_label="loss",
        x_limits=(_first_cycle(view), _last_cycle(view)),
        y_bounds=(0.0, None),
        are_x_whole=True,
        remark=_kept_remark(view),
        empty=_why_empty(view, word),
    )


def train_loss_plot(view: RunView) -> Plot:
    """Return the training loss by step, at fractions of cycles."""
    word = _cycle_word(view)
    return Plot(
        title="Training loss by step",
        series=(own_series(view, "train", view.losses, digits=3, is_kept=False),),
        x_label=word,
        y_label="training loss",
        x_limits=(0, _last_cycle(view)),
        y_bounds=(0.0, None),
        is_sampled=True,
        empty=_why_empty(view, "step"),
    )


def constraint_violation_plot(view: RunView) -> Plot:
    """Return how far the dense weights w are from the compressed ones theta, by cycle."""
    points = tuple((cycle.cycle, cycle.gap) for cycle in view.cycles)
    is_reference = view.stage == "reference"
    return Plot(
        title="Constraint violation |w-theta|/|w|",
        series=(own_series(view, "constraint violation", points, digits=4),),
        x_label="cycle",
        y_label="|w-theta|/|w|",
        x_limits=(0, _last_cycle(view)),
        are_x_whole=True,
        is_log=True,
        empty="a reference has no constraint violation"
        if is_reference
        else _why_empty(view, "cycle"),
    )


def schedule_plot(view: RunView) -> Plot:
    """Return the learning rate by cycle, and the penalty where L-C compresses."""
    word = _cycle_word(view)
    rate = own_series(view, "lr", tuple((cycle.cycle, cycle.lr) for cycle in view.cycles), digits=5)
    mu = tuple((cycle.cycle, cycle.mu) for cycle in view.cycles if cycle.mu)
    penalty = (_other(view, "mu", mu, "mu", digits=4),) if mu else ()
    return Plot(
        title="Learning rate and penalty mu" if mu else "Learning rate",
        series=(rate, *penalty),
        x_label=word,
        x_limits=(_first_cycle(view), _last_cycle(view)),
        are_x_whole=True,
        is_log=True,
        empty=_why_empty(view, word),
    )


def own_series(
    view: RunView,
    label: str,
    points: tuple[Point, ...],
    *,
    digits: int = 1,
    is_kept: bool = True,
) -> Series:
    """Return the chart's main curve, in the run's colour; the kept cycle has a star."""
    run = identity_of(view)
    cycle = kept_cycle(view) if is_kept else None
    return Series(label, points, digits=digits, tint=run.tint, letter=run.letter, name=label,
                  kept=None if cycle is None else float(cycle))  # fmt: skip


def _other(
    view: RunView,
    label: str,
    points: tuple[Point, ...],
    name: str,
    *,
    digits: int = 1,
    mark: Mark = "test",
) -> Series:
    """Return a further curve of the run, in a neutral colour."""
    tint: Tint = "strong" if isinstance(identity_of(view).tint, int) else "muted"
    return Series(label, points, digits=digits, tint=tint, letter=name[0], name=name, mark=mark)


def kept_cycle(view: RunView) -> int | None:
    """Return the cycle or epoch whose model is kept, so far or in the end."""
    if view.result is not None:
        return view.result.best_cycle
    return view.best.cycle if view.best else None


def _kept_remark(view: RunView) -> str:
    cycle = kept_cycle(view)
    if cycle is None:
        return ""
    return f"★ kept {cycle}, tuned after" if _is_tuned_after(view, cycle) else f"★ kept {cycle}"


def _is_tuned_after(view: RunView, cycle: int) -> bool:
    """Return whether the kept model was changed after its cycle: the curve ends before that."""
    metric = view.row.headline
    at_cycle = next((metric.of(each.val) for each in view.cycles if each.cycle == cycle), None)
    at_end = metric.of(view.result.val.metrics) if view.result is not None else None
    return at_cycle is not None and at_end is not None and abs(at_end - at_cycle) > _SAME


def _why_empty(view: RunView, unit: str) -> str:
    """Return why a chart has no point; a reference that was loaded is finished without epochs."""
    if not view.is_over:
        return f"waiting for the first {unit}"
    return f"no {unit} was recorded"


def _cycle_word(view: RunView) -> str:
    return "epoch" if view.stage == "reference" else "cycle"


def _first_cycle(view: RunView) -> float:
    return 0 if view.stage == "compress" else 1


def _last_cycle(view: RunView) -> float:
    last = view.cycles[-1].cycle if view.cycles else 0
    return max(last, view.num_planned - 1 + _first_cycle(view), 1)


def _level(label: str, value: float | None, digits: int, *, is_control: bool) -> tuple[Level, ...]:
    if value is None:
        return ()
    return (Level(label, value, digits, "control" if is_control else "reference"),)


def _margin_of(view: RunView, metric: Metric, control: float | None) -> tuple[Zone, ...]:
    """Return the values that lose at most the margin, which is one of the primary metric."""
    margin = metric.scale(view.margin)
    if metric != view.row.headline or margin is None or control is None:
        return ()
    return (Zone(f"margin {margin:g}", control - margin, control),)


def _curve(
    cycles: Iterable[CycleEnded],
    value_of: Callable[[CycleEnded], float | None],
    metric: Metric,
) -> tuple[Point, ...]:
    return tuple((cycle.cycle, metric.scale(value_of(cycle))) for cycle in cycles)


def _loss_of(
    view: RunView, split_of: Callable[[CycleEnded], dict[str, float | None]]
) -> tuple[Point, ...]:
    return tuple((cycle.cycle, split_of(cycle).get("loss")) for cycle in view.cycles)
