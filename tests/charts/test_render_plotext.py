"""Charts: what reaches plotext is always drawable, and what is drawn can be told apart."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medtui.charts.braille import Plane, cells_of
from medtui.charts.downsample import clip, cut, measured, split_at_gaps, thin
from medtui.charts.palette import DARK, LIGHT
from medtui.charts.plot import Level, Plot, Series
from medtui.charts.render_plotext import MAX_LETTERS, draw
from medtui.charts.style import ChartStyle, legend_of
from medtui.charts.ticks import label_ticks, limits_of, log_ticks_of, ticks_of
from medtui.monitor.telemetry_curves import rolling_mean
from medtui.tui.ascii import to_ascii

STYLE = ChartStyle(DARK)

anything = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([1e308, -1e308, 0.0])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(anything, max_size=60), st.booleans(), st.integers(0, 120), st.integers(0, 40))
@example(values=[5.8e293, 3.2e-69], is_log=True, width=18, height=4)
@example(values=[1.7e308, 5e-324], is_log=True, width=40, height=12)
@example(values=[1.7e308, 1.6e308], is_log=True, width=40, height=12)
def test_any_values_make_a_chart_of_the_asked_size(
    values: list[float | None], is_log: bool, width: int, height: int
) -> None:
    """NaN, infinities, gaps, huge numbers and tiny sizes all end in text that fits."""
    plot = Plot("x", (Series("val", tuple(enumerate(values))),), is_log=is_log)
    lines = draw(plot, width, height, STYLE).plain.splitlines()
    assert len(lines) <= max(1, height)
    assert all(len(line) <= max(width, 18) for line in lines)


def test_a_gap_breaks_the_curve_and_is_not_bridged() -> None:
    """A missing value splits a curve in two."""
    points = [(0, 1.0), (1, math.nan), (2, 3.0), (3, None), (4, math.inf), (5, 2.0)]
    found = split_at_gaps(measured(points))
    assert [each.tolist() for each in found] == [[[0, 1.0]], [[2, 3.0]], [[5, 2.0]]]


def test_a_logarithmic_axis_has_gaps_where_values_are_not_positive() -> None:
    """Zero has no logarithm."""
    (found,) = split_at_gaps(measured([(0, 0.0), (1, 100.0), (2, -1.0)]), is_log=True)
    assert found.tolist() == [[1, 2.0]]


def test_thinning_keeps_every_spike() -> None:
    """One point among a hundred thousand stays visible."""
    segment = [(float(x), 100.0 if x == 54_321 else 1.0) for x in range(100_000)]
    kept = thin(measured(segment), 0, 99_999, 80).tolist()
    assert len(kept) <= 2 * 81
    assert [54_321.0, 100.0] in kept
    assert kept == sorted(kept)


def test_clipping_holds_a_curve_within_its_axis() -> None:
    """A spike far outside costs no more than one at the edge."""
    held = clip(measured([(0, -5.0), (1, 0.5), (2, 1e30)]), 0, 1)
    assert held.tolist() == [[0, 0], [1, 0.5], [2, 1]]


def test_a_line_goes_on_to_the_edges_of_the_view() -> None:
    """It is interpolated there; dots stay where they are, and nothing far outside is kept."""
    diagonal = measured([(float(x), 2.0 * x) for x in range(10)])
    seen = cut(diagonal, 3.5, 5.5, is_joined=True)
    assert seen.tolist() == [[3.5, 7.0], [4, 8], [5, 10], [5.5, 11.0]]
    assert cut(diagonal, 3.5, 5.5, is_joined=False)[:, 0].tolist() == [4, 5]
    assert cut(diagonal, 4.2, 4.8, is_joined=True).tolist() == [[4.2, 8.4], [4.8, 9.6]]
    assert len(cut(diagonal, 20, 30, is_joined=True)) == 0


def test_many_curves_can_be_zoomed_far_in() -> None:
    """What lies outside the view costs nothing, however far one zooms in."""
    many = tuple(
        Series("val", ((0, at), (1, at + 1.0), (2, float(at)))) for at in range(MAX_LETTERS + 1)
    )
    drawing = draw(Plot("x", many, x_limits=(1 - 1e-6, 1 + 1e-6)), 80, 20, STYLE)
    assert len(dots_of(drawing.plain)) > 100


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 100, [0, 20, 40, 60, 80, 100]), (94.2, 96.1, [94.5, 95.0, 95.5, 96.0]), (0, 0.003, None)],
)
def test_ticks_are_round_and_few(low: float, high: float, expected: list[float] | None) -> None:
    """Multiples of 1, 2 or 5 times a power of ten, within the axis."""
    ticks = ticks_of(low, high, 6)
    assert expected is None or ticks == pytest.approx(expected)
    assert 2 <= len(ticks) <= 6
    assert all(low <= tick <= high for tick in ticks)


def test_whole_axes_have_no_tick_between_cycles() -> None:
    """There is no cycle 0.5."""
    assert ticks_of(0, 2, 8, are_whole=True) == [0, 1, 2]


def test_tick_labels_differ_from_each_other() -> None:
    """As many decimals as tell them apart, no more."""
    assert label_ticks([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert label_ticks([0, 20, 40]) == ["0", "20", "40"]
    assert len(set(label_ticks([1e-7, 2e-7]))) == 2


def test_a_log_axis_has_decades() -> None:
    """Powers of ten; 1, 2 and 5 times them; within a decade, evenly spaced round numbers."""
    assert log_ticks_of(0.002, 50, 6) == pytest.approx([0.01, 0.1, 1, 10])
    assert log_ticks_of(2.9, 47, 6) == pytest.approx([5, 10, 20])
    assert log_ticks_of(0.11, 0.19, 6) == pytest.approx([0.12, 0.14, 0.16, 0.18])
    assert log_ticks_of(66.1, 82, 6) == pytest.approx([70, 75, 80])
    assert log_ticks_of(1.0, 1.0, 6) == [1.0, 1.0]


def test_a_constant_curve_has_an_axis() -> None:
    """Equal ends are moved apart."""
    low, high = limits_of([5.0, 5.0])
    assert low < 5 < high


def test_series_are_told_apart_without_colour() -> None:
    """Each has its letter on the curve and in the legend."""
    plot = Plot(
        "Accuracy by cycle, %",
        (
            Series("val", tuple((x, 90.0 + x) for x in range(6))),
            Series("test", tuple((x, 80.0 + x) for x in range(6)), "dots"),
        ),
        (Level("reference val", 96.0),),
    )
    drawing = draw(plot, 60, 16, STYLE).plain
    assert "A" in drawing
    assert "B" in drawing
    assert "•" in drawing
    assert "╌" in drawing
    assert legend_of(plot, STYLE).plain == "A val 95.0  B test 85.0  ╌ reference val 96.0"


def test_letters_of_equal_points_stand_beside_each_other() -> None:
    """Two runs of the same size and accuracy are both seen."""
    dots = tuple(Series(name, ((1.0, 2.0),), "dots") for name in ("one", "other", "third"))
    drawing = draw(Plot("x", dots, x_limits=(0, 2)), 60, 12, STYLE).plain
    assert "ABC" in drawing


def walk(seed: int, length: int = 300) -> tuple[tuple[float, float], ...]:
    """Return a random walk."""
    steps = np.random.default_rng(seed).normal(size=length)
    return tuple(enumerate(np.cumsum(steps).tolist()))


PLACES = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each bit of a braille glyph."""


def dots_of(drawing: str) -> set[tuple[int, int]]:
    """Return the column and row of every braille dot."""
    return {
        (2 * column + PLACES[bit][0], 4 * row + PLACES[bit][1])
        for row, line in enumerate(drawing.splitlines())
        for column, glyph in enumerate(line)
        if "\u2800" <= glyph <= "\u28ff"
        for bit in range(8)
        if (ord(glyph) - 0x2800) >> bit & 1
    }


def share_near(dots: set[tuple[int, int]], others: set[tuple[int, int]]) -> float:
    """Return the share of dots that have one of the others at most a dot away."""
    steps = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    return sum(any((x + dx, y + dy) in others for dx, dy in steps) for x, y in dots) / len(dots)


def test_many_curves_are_drawn_where_each_would_be() -> None:
    """One curve by plotext's own lines, and many times as cells: the same but for letters."""
    alone = draw(Plot("x", (Series("one", walk(1)),)), 80, 20, STYLE).plain
    many = Plot("x", tuple(Series("one", walk(1)) for _ in range(MAX_LETTERS + 1)))
    many = draw(many, 80, 20, STYLE).plain
    assert alone.splitlines()[-1] == many.splitlines()[-1]
    assert share_near(dots_of(many), dots_of(alone)) > 0.97
    assert share_near(dots_of(alone), dots_of(many)) > 0.9


def test_every_cell_of_many_curves_is_placed() -> None:
    """No cell falls upon another, at the edges neither; the topmost curve gives the colour."""
    plane = Plane(0, 10, -1, 1, 40, 12)
    flat = measured([(0.0, -1.0), (10.0, -1.0)])
    steep = measured([(0.0, -1.0), (10.0, 1.0)])
    cells = cells_of([([flat], True), ([steep], True), ([measured([(10.0, -1.0)])], False)], plane)
    assert len({(cell.x, cell.y) for cell in cells}) == len(cells)
    by_place = {(round(cell.x, 6), round(cell.y, 6)): cell for cell in cells}
    assert by_place[10.0, 1.0].curve == 1
    assert by_place[0.0, -1.0].curve == 1
    assert by_place[10.0, -1.0].curve == 2
    assert sum(cell.y == -1 for cell in cells) == 40


@settings(max_examples=15, deadline=None)
@given(st.lists(anything, max_size=40), st.booleans(), st.integers(0, 120), st.integers(0, 40))
def test_any_number_of_curves_makes_a_chart_of_the_asked_size(
    values: list[float | None], is_log: bool, width: int, height: int
) -> None:
    """NaN, infinities and gaps in many curves end in text that fits, as they do in one."""
    many = tuple(
        Series("val", tuple(enumerate(values[at:])), "dots" if at % 2 else "line")
        for at in range(MAX_LETTERS + 1)
    )
    lines = draw(Plot("x", many, is_log=is_log), width, height, STYLE).plain.splitlines()
    assert len(lines) <= max(1, height)
    assert all(len(line) <= max(width, 18) for line in lines)


def test_ascii_charts_are_drawn_with_letters() -> None:
    """No braille is left for a terminal that has none."""
    plot = Plot("x", (Series("val", tuple((x, float(x)) for x in range(9))),))
    assert to_ascii(draw(plot, 40, 10, ChartStyle(LIGHT, is_ascii=True)).plain).isascii()


def test_the_rolling_mean_starts_anew_after_a_gap() -> None:
    """A pause is not averaged over."""
    assert rolling_mean([(0, 2.0), (1, 4.0), (2, None), (3, 10.0)], 2) == [
        (0, 2.0), (1, 3.0), (2, None), (3, 10.0),
    ]  # fmt: skip
