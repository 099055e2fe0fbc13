"""Whether L-C's w and theta have become one: in their weights, and in their answers.

The constraint violation compares weights. Weights that are close can still answer differently:
BatchNorm can scale up again what the penalty makes small. So both are shown side by side.
"""

from medtui.events import CycleEnded
from medtui.metrics import Metric, infer_task, primary_metric

CLOSE_WEIGHTS = 0.1
"""Constraint violation up to which the weights of w and theta count as close."""

ALLOWED_DIFFERENCE = 0.05
"""Difference of the primary metric between w and theta on val beyond which answers differ."""


def answer_gap(cycle: CycleEnded) -> float | None:
    """Return the primary metric of w minus that of theta, on val; None outside L-C."""
    metric = _metric(cycle)
    of_w, of_theta = metric.of(cycle.w_val), metric.of(cycle.val)
    return None if of_w is None or of_theta is None else of_w - of_theta


def answers_text(cycle: CycleEnded) -> str:
    """Return the primary metric of both on val: `w 90.7 %, theta 65.4 %`; empty outside L-C."""
    if answer_gap(cycle) is None:
        return ""
    metric = _metric(cycle)
    return f"w {metric.show(metric.of(cycle.w_val))}, theta {metric.show(metric.of(cycle.val))}"


def disagreement(cycle: CycleEnded) -> str:
    """Return a warning where weights are close while answers differ; otherwise empty."""
    gap = answer_gap(cycle)
    if gap is None or cycle.gap is None:
        return ""
    if cycle.gap > CLOSE_WEIGHTS or abs(gap) <= ALLOWED_DIFFERENCE:
        return ""
    return (
        f"The constraint violation is small ({cycle.gap:.2g} at cycle {cycle.cycle}), but w and "
        f"theta answer differently: val {_metric(cycle).label} of {answers_text(cycle)}. L-C did "
        "not converge."
    )


def _metric(cycle: CycleEnded) -> Metric:
    return primary_metric(infer_task(cycle.val))
