"""Whether w and theta have become one, by weights and by answers."""

import pytest

from medtui.events import CycleEnded
from medtui.runs.convergence import answer_gap, answers_text, disagreement


def cycle(gap: float | None, w: float | None, theta: float) -> CycleEnded:
    """Return a cycle with a constraint violation and the accuracies of w and theta on val."""
    w_val = {} if w is None else {"accuracy": w}
    return CycleEnded(12, {"accuracy": theta}, w_val=w_val, gap=gap)


@pytest.mark.parametrize(
    ("gap", "w", "theta", "is_parted"),
    [
        (0.058, 0.907, 0.654, True),
        (0.058, 0.654, 0.907, True),
        (0.058, 0.907, 0.88, False),
        (0.6, 0.907, 0.654, False),
        (None, None, 0.654, False),
    ],
    ids=["theta worse", "theta better", "answers agree", "weights differ too", "no L-C"],
)
def test_close_weights_with_other_answers_are_told(gap, w, theta, is_parted):
    """A small violation is no convergence while w and theta answer differently."""
    assert bool(disagreement(cycle(gap, w, theta))) == is_parted


def test_both_answers_are_named():
    """The text names the metric of w and of theta, and both are in the warning."""
    parted = cycle(0.058, 0.907, 0.654)
    assert answer_gap(parted) == pytest.approx(0.253)
    assert answers_text(parted) == "w 90.7 %, theta 65.4 %"
    assert "0.058 at cycle 12" in disagreement(parted)
    assert "w 90.7 %, theta 65.4 %" in disagreement(parted)
    assert answers_text(cycle(None, None, 0.9)) == ""
