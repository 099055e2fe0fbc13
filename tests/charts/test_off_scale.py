"""Single points and curves that lie far from all others are at the edge of a chart."""

from dataclasses import replace

import pytest

from medtui.charts.figures.off_scale import near_limits, without_far_curves, without_far_points
from medtui.charts.palette import DARK
from medtui.charts.plot import Level, Plot, Series
from medtui.charts.render_cells import draw
from medtui.charts.style import ChartStyle, legend_of


def test_nothing_is_cut_where_no_point_is_far() -> None:
    """The axis follows the data then."""
    assert near_limits([(98.0, (97.0, 99.0)), (95.0, (93.0, 97.0))], 98.5, [96.5]) == (None, None)


def test_what_is_far_above_is_drawn() -> None:
    """A run that gained is no collapsed one; beside it, one that lost as much is near."""
    gained = (63.3, (63.3, 63.3))
    assert near_limits([gained, (52.2, (52.2, 52.2))], 48.9, [46.9]) == (None, None)
    low, high = near_limits([gained, (-80.0, (-80.0, -80.0))], 48.9, [46.9])
    assert low is not None
    assert high is not None
    assert 44 < low < 47
    assert high > 63.3


def test_without_a_level_there_is_no_centre() -> None:
    """Runs of several studies have no common line to be far from."""
    plot = Plot("x", (Series("a", ((1.0, 90.0),), "dots"), Series("b", ((2.0, 10.0),), "dots")))
    assert without_far_points(plot) == plot
    lined = without_far_points(Plot("x", plot.series, (Level("control", 91.0),)))
    assert lined.y_limits[0] == pytest.approx(90.0, abs=1.5)


def curve(letter: str, last: float) -> Series:
    """Return a curve over four cycles."""
    points = tuple((float(at), last - 0.5 + at / 6) for at in range(4))
    return Series(f"run {letter}", points, letter=letter, tint=ord(letter) - 65)


def test_the_curve_of_a_collapsed_run_is_named_at_the_edge() -> None:
    """The others fill the chart; what is left out is said with its value."""
    curves = tuple(curve(letter, last) for letter, last in zip("ABCD", (99.7, 99.2, 98.4, 56.6),
                                                               strict=True))  # fmt: skip
    plot = without_far_curves(Plot("Val accuracy, %", curves, y_bounds=(0.0, 100.0)))
    low, high = plot.y_limits
    assert low is not None
    assert 92 < low < 98
    assert high == 100.0
    assert "D▼56.6" in draw(plot, 70, 16, ChartStyle(DARK)).plain
    assert "D run D 56.6" in legend_of(plot, ChartStyle(DARK)).plain
    assert [series.stroke for series in plot.series] == ["line", "line", "line", "dots"]


def test_a_curve_that_began_low_does_not_hide_that_another_stayed_low() -> None:
    """What is far is said by the ends of curves; a start that is left behind is drawn."""
    late = replace(curve("C", 97.0), points=((0.0, 80.0), (1.0, 90.0), (2.0, 95.0), (3.0, 97.0)))
    plot = Plot("Val accuracy, %", (curve("A", 98.0), curve("B", 97.5), late, curve("D", 60.0)),
                y_bounds=(0.0, 100.0))  # fmt: skip
    shown = without_far_curves(plot)
    assert [series.stroke for series in shown.series] == ["line", "line", "line", "dots"]
    low, _ = shown.y_limits
    assert low is not None
    assert 70 < low < 80
    as_low = replace(late, points=((0.0, 55.0), *late.points[1:]))
    plot = replace(plot, series=(*plot.series[:2], as_low, plot.series[3]))
    assert without_far_curves(plot) == plot  # on its scale, the other is no longer far


def test_curves_that_spread_are_all_drawn() -> None:
    """Two curves are never far from each other, nor is one of several that differ."""
    two = Plot("x", (curve("A", 99.0), curve("B", 50.0)), y_bounds=(0.0, 100.0))
    assert without_far_curves(two) == two
    spread = tuple(curve(letter, last) for letter, last in zip("ABC", (99.0, 90.0, 75.0),
                                                               strict=True))  # fmt: skip
    plot = Plot("x", spread, y_bounds=(0.0, 100.0))
    assert without_far_curves(plot) == plot
