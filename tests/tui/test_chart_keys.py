"""Keys that change how a chart is looked at."""

from typing import get_args

from medtui.charts.plot import Plot, Series
from medtui.charts.viewport import Viewport
from medtui.tui.widgets.chart_keys import CHART_BINDINGS, Adjustment, adjusted

PLOT = Plot("Accuracy by cycle, %", (Series("val", tuple((x, float(x)) for x in range(11))),))


def test_each_adjustment_has_a_key() -> None:
    """And no key has an adjustment that does not exist."""
    bound = {binding.action for binding in CHART_BINDINGS}
    assert bound == {f"adjust_chart({name!r})" for name in get_args(Adjustment)}


def test_logarithm_and_smoothing_are_switched() -> None:
    """A plot that is logarithmic by itself becomes linear."""
    assert adjusted(Viewport(), PLOT, "log").is_log is True
    assert adjusted(Viewport(is_log=True), PLOT, "log").is_log is False
    assert adjusted(Viewport(), Plot("", (), is_log=True), "log").is_log is False
    strengths = [0]
    for _ in range(3):
        strengths.append(adjusted(Viewport(smoothing=strengths[-1]), PLOT, "smooth").smoothing)
    assert strengths == [0, 3, 9, 0]


def test_zooming_out_takes_back_zooming_in() -> None:
    """Half of x is shown, then all."""
    closer = adjusted(Viewport(), PLOT, "zoom_in")
    assert closer.window == (5, 10)
    assert adjusted(closer, PLOT, "zoom_out") == Viewport()


def test_points_are_read_from_the_last_one_backwards() -> None:
    """And forwards again; reset ends the reading."""
    last = adjusted(Viewport(), PLOT, "previous_point")
    before = adjusted(last, PLOT, "previous_point")
    assert (last.cursor, before.cursor) == (10, 9)
    assert adjusted(before, PLOT, "next_point").cursor == 10
    assert adjusted(before, PLOT, "reset") == Viewport()
