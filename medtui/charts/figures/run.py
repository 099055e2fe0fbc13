"""The charts of one run, live or saved, made from its view."""

from dataclasses import replace

from medtui.charts.figures.run_curves import (
    curve_of,
    ends_of_cycles,
    first_cycle,
    kept_cycle,
    last_cycle,
    names_of_cycles,
)
from medtui.charts.palette import Tint
from medtui.charts.plot import Level, Mark, Plot, Series, Zone
from medtui.charts.run_identity import RunIdentity, identify_run
from medtui.events import Metrics
from medtui.metrics import Metric
from medtui.monitor.run_view import RunView
from medtui.monitor.telemetry_curves import Point


def identity_of(view: RunView) -> RunIdentity:
    """Return the letter and the colour that the run has on every screen."""
    names = [run.name for run in view.study.runs]
    return identify_run(view.study.name, view.row.name, names)


def metric_plot(view: RunView, *, metric: Metric) -> Plot:
    """Return a metric by cycle, val and test, against the control and the reference on val."""
    word = _cycle_word(view)

    def value_of(metrics: Metrics) -> float | None:
        return metric.scale(metric.of(metrics))

    series = [own_series(view, "val", curve_of(view, "val", value_of), digits=metric.digits)]
    if test := curve_of(view, "test", value_of):
        series.append(_other(view, "test", test, "test", digits=metric.digits))
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
        x_limits=ends_of_cycles(view),
        x_names=names_of_cycles(view),
        y_bounds=metric.axis_bounds,
        are_x_whole=True,
        remark=_kept_remark(view),
        empty=_why_empty(view, word),
    )


def loss_plot(view: RunView) -> Plot:
    """Return the loss on val and test by cycle, and that of w where L-C compresses."""
    word = _cycle_word(view)

    def loss_of(metrics: Metrics) -> float | None:
        return metrics.get("loss")

    series = [own_series(view, "val", curve_of(view, "val", loss_of), digits=3)]
    if test := curve_of(view, "test", loss_of):
        series.append(_other(view, "test", test, "test", digits=3))
    of_w = ((float(cycle.cycle), loss_of(cycle.w_val)) for cycle in view.cycles)
    if measured := tuple(point for point in of_w if point[1] is not None):
        dense = _other(view, "uncompressed w, val", measured, "w", mark="val_only",
                       digits=3)  # fmt: skip
        series.append(replace(dense, tint="muted"))
    return Plot(
        title="Loss",
        series=tuple(series),
        levels=(
            *_level("control val", view.control.get("loss"), 3, is_control=True),
            *_level("reference val", view.reference.get("loss"), 3, is_control=False),
        ),
        x_label=word,
        y_label="loss",
        x_limits=ends_of_cycles(view),
        x_names=names_of_cycles(view),
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
        x_limits=(0, last_cycle(view)),
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
        series=(replace(own_series(view, "|w-theta|/|w|", points, digits=4), name=""),),
        x_label="cycle",
        y_label="|w-theta|/|w|",
        x_limits=(0, last_cycle(view)),
        are_x_whole=True,
        is_log=True,
        remark="L-C: w is trained, theta compressed",
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
        x_limits=(first_cycle(view), last_cycle(view)),
        are_x_whole=True,
        is_log=True,
        remark="mu: how strongly w is drawn to theta" if mu else "",
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
    """Return a further curve of the run, in a colour that its own curve never has."""
    tint: Tint = "accent" if identity_of(view).tint == "strong" else "strong"
    return Series(label, points, digits=digits, tint=tint, letter=name[0], name=name, mark=mark)


def _kept_remark(view: RunView) -> str:
    cycle = kept_cycle(view)
    if cycle is None:
        return ""
    return f"★ kept {_cycle_word(view)} {cycle}"


def _why_empty(view: RunView, unit: str) -> str:
    """Return why a chart has no point; a reference that was loaded is finished without epochs."""
    if not view.is_over:
        return f"waiting for the first {unit}"
    return f"no {unit} was recorded"


def _cycle_word(view: RunView) -> str:
    return "epoch" if view.stage == "reference" else "cycle"


def _level(label: str, value: float | None, digits: int, *, is_control: bool) -> tuple[Level, ...]:
    if value is None:
        return ()
    return (Level(label, value, digits, "control" if is_control else "reference"),)


def _margin_of(view: RunView, metric: Metric, control: float | None) -> tuple[Zone, ...]:
    """Return the values that lose at most the margin, which is one of the primary metric."""
    margin = metric.scale(view.margin)
    if metric != view.row.headline or view.margin is None or margin is None or control is None:
        return ()
    return (Zone(f"margin {metric.show_amount(view.margin)}", control - margin, control),)
