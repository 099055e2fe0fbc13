"""Charts of cells: whatever is measured is drawable, and what is drawn can be told apart."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from medtui.charts import braille, render_plotext
from medtui.charts.canvas import Canvas
from medtui.charts.downsample import clip, cut, measured, split_at_gaps, thin
from medtui.charts.even_scale import even_scale
from medtui.charts.layout import frame_of
from medtui.charts.palette import DARK, LIGHT
from medtui.charts.plane import Plane
from medtui.charts.plot import Level, Plot, Series, Zone
from medtui.charts.render_cells import MAX_LETTERS, draw
from medtui.charts.style import ChartStyle, legend_of
from medtui.charts.ticks import (
    clock_ticks_of,
    label_clock,
    label_ticks,
    limits_of,
    log_ticks_of,
    ticks_of,
)
from medtui.monitor.telemetry_curves import rolling_mean
from medtui.tui.ascii import to_ascii
from medtui.units import MINUS

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
    assert all(len(line) <= width for line in lines)


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
    assert drawing.count("●") == 12
    assert "╌" in drawing
    assert legend_of(plot, STYLE).plain == "A val 95.0  B test 85.0  ╌ reference val 96.0"


@pytest.mark.parametrize("has_bars", [False, True])
@pytest.mark.parametrize("suffix", ["", "2"])
def test_no_letter_covers_another_at_the_edge(has_bars: bool, suffix: str) -> None:
    """Points of the largest size have no room to their right; letters may have two cells."""
    letters = [f"{letter}{suffix}" for letter in "ABCDEFGH"]
    series = [
        Series("", ((x, 90.0),), "dots", 1, tint=0, letter=letter,
               intervals=((89.0, 91.0),) if has_bars else ())
        for letter, x in zip(letters, (5.0, *[10.0] * 7), strict=True)
    ]  # fmt: skip
    text = draw(Plot("sizes", tuple(series)), 30, 10, STYLE).plain
    assert [letter for letter in letters if letter not in text] == []


def test_letters_of_equal_points_stand_beside_each_other() -> None:
    """Two runs of the same size and accuracy are both seen."""
    dots = tuple(Series(name, ((1.0, 2.0),), "dots") for name in ("one", "other", "third"))
    drawing = draw(Plot("x", dots, x_limits=(0, 2)), 60, 12, STYLE).plain
    assert "ABC" in drawing


def test_letters_at_the_right_end_stand_beside_each_other_too() -> None:
    """Where there is no room to the right, the second stands at the left."""
    points = ((10.0, 1.0), (10.0, 1.0), (1.0, 2.0))
    names = ("◆b", "◆c", "A")
    plot = Plot("x", tuple(Series(name, (point,), "dots", letter=name)
                           for name, point in zip(names, points, strict=True)))  # fmt: skip
    drawn = draw(plot, 40, 10, STYLE).plain
    assert all(name in drawn for name in names), drawn


def colours_in(canvas: Canvas, glyph_is: str = "\u2800") -> list[str]:
    """Return the colours of the cells of lines, from the left."""
    return [
        segment.style.color.name
        for row in canvas.segments()
        for segment in row
        if segment.style and segment.style.color and any(each > glyph_is for each in segment.text)
    ]


def test_a_curve_under_another_one_is_still_seen() -> None:
    """Cells that curves share show one after the other; their letters stand at the end."""
    same = tuple((float(x), 90.0 + x) for x in range(40))
    curves = tuple(Series(f"run {at}", same, tint=at, mark="none") for at in range(3))
    canvas = draw(Plot("x", curves), 60, 12, STYLE)
    drawn = [each.lower() for each in colours_in(canvas)]
    for hue in DARK.series[:3]:
        assert drawn.count(hue.lower()) > 8
    assert "ABC" in canvas.plain


def test_the_lit_curve_keeps_all_its_cells() -> None:
    """The run under the cursor lies above the others."""
    same = tuple((float(x), 90.0 + x) for x in range(40))
    curves = (
        Series("lit", same, tint=0, mark="none", is_lit=True),
        Series("other", same, tint=1, mark="none"),
    )
    drawn = colours_in(draw(Plot("x", curves), 60, 12, STYLE))
    assert {each.lower() for each in drawn} == {DARK.series[0].lower()}


VAL = Series("val", ((0, 91.2), (1, 91.9), (2, None), (3, 93.0), (4, 93.3)), kept=3, name="val")


def test_measured_points_are_marked_and_the_kept_one_has_a_star() -> None:
    """A point between two measured ones is not: nothing was measured there."""
    drawing = draw(Plot("x", (VAL,), x_limits=(0, 8)), 60, 14, STYLE).plain
    assert drawing.count("●") == 3
    assert drawing.count("★") == 1
    assert "● val" in drawing
    ascii_drawing = draw(
        Plot("x", (VAL,), x_limits=(0, 8)), 60, 14, ChartStyle(DARK, is_ascii=True)
    ).plain
    assert ascii_drawing.count("*") == 1
    assert "o val" in ascii_drawing


def test_the_control_is_a_named_line_and_the_margin_a_band_behind_the_curve() -> None:
    """The band has a background, and dots that show it without colours."""
    plot = Plot(
        "x", (VAL,), (Level("control", 93.4, role="control"), Level("reference", 91.4)),
        zones=(Zone("margin 1.0", 92.4, 93.4),), x_limits=(0, 8),
    )  # fmt: skip
    canvas = draw(plot, 68, 17, STYLE)
    assert "control 93.4" in canvas.plain
    assert "reference 91.4" not in canvas.plain, "only the control and the reference are named"
    assert canvas.plain.count("·") > 20
    backs = {segment.style.bgcolor.name for row in canvas.segments() for segment in row
             if segment.style and segment.style.bgcolor}  # fmt: skip
    assert backs == {DARK.band.lower()}
    assert legend_of(plot, STYLE).plain.endswith("·· margin 1.0")


def test_a_value_beyond_the_axis_is_named_at_its_edge() -> None:
    """It does not flatten the others, and is not left out."""
    runs = tuple(
        Series(letter, ((x, y),), "dots", letter=letter, intervals=((y - 1, y + 1),))
        for letter, x, y in (("A", 1.0, 93.0), ("B", 2.0, 92.0), ("E", 3.0, 50.8))
    )
    assert "E▼50.8" in draw(Plot("x", runs, y_limits=(90, 97)), 60, 14, STYLE).plain
    rows = tuple(
        Series(name, ((x, row),), "dots", letter=name, intervals=((x - 1, x + 1),), is_lit=row == 0)
        for row, (name, x) in enumerate((("A", 0.3), ("E", -41.8)))
    )
    plot = Plot("x", rows, (Level("margin", -1, role="margin"),), rows=("A one", "E two"),
                x_limits=(-3, 3))  # fmt: skip
    drawing = draw(plot, 70, 8, STYLE).plain.replace(MINUS, "-")
    assert "◀ -41.8 [-42.8, -40.8]" in drawing
    assert "├━" in drawing
    assert "┊" in drawing


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(3, 60))
@example(low=90.5, span=3.5, rows=15)
def test_ticks_stand_on_evenly_spaced_rows(low: float, span: float, rows: int) -> None:
    """All that was measured is between the ends, and every tick in the middle of a row."""
    scale = even_scale(low, low + span, rows)
    slack = span * 1e-6 + abs(low) * 1e-9
    assert scale.low <= low + slack
    assert scale.high >= low + span - slack
    places = [(scale.high - tick) / (scale.high - scale.low) * (rows - 1) for tick in scale.ticks]
    assert all(abs(place - round(place)) < 1e-3 for place in places)
    assert len({round(a - b) for a, b in pairwise(places)}) <= 1


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 60), st.floats(-1e3, 1e3), st.floats(0.01, 1e3), st.floats(0, 1))
@example(rows=12, low=90.0, span=5.0, share=0.5)
def test_a_value_stands_on_the_row_and_column_nearest_to_it(
    rows: int, low: float, span: float, share: float
) -> None:
    """A mark is half a cell at most from its value, and so are the line's dots and the band."""
    plane = Plane(low, low + span, low, low + span, columns=rows, rows=rows, first=3)
    value, cell = low + span * share, span / (rows - 1)
    row, column = plane.row(value), plane.column(value)
    assert abs(plane.value_of(row) - value) <= cell * (0.5 + 1e-6)
    assert abs(plane.x_of(column) - value) <= cell * (0.5 + 1e-6)
    across, up = plane.dots_of(np.array([[value, value]]))
    assert abs(up[0] - (4 * (rows - 1 - row) + 1.5)) <= 2 + 1e-6
    assert abs(across[0] - (2 * (column - plane.first) + 0.5)) <= 1 + 1e-6
    middle = plane.value_of(row)
    assert list(plane.rows_between(middle, middle)) == [row]
    across_middle = plane.x_of(column)
    assert list(plane.columns_between(across_middle, across_middle)) == [column]


@pytest.mark.parametrize(("low", "high"), [(89.0, 94.3), (0.0, 100.0), (0.512, 0.987), (-3, 4)])
def test_a_tick_a_mark_and_a_line_of_one_value_share_their_row(low: float, high: float) -> None:
    """At every height the mark of a value that has a tick is beside it, and so is its line."""
    for height in (6, 9, 12, 17, 24, 33, 50):
        ends = ((0.0, low), (1.0, high))
        ticks = frame_of(Plot("x", (Series("", ends),)), 60, height).y_ticks
        for tick, label in [each for each in ticks if low <= each[0] <= high]:
            plot = Plot("x", (Series("", (*ends, (2.0, tick), (6.0, tick)), kept=6.0),))
            lines = draw(plot, 60, height, STYLE).plain.splitlines()
            beside = f"{label.replace('-', MINUS)}┤"
            line = next(each for each in lines if each.strip().startswith(beside))
            assert STYLE.glyphs.kept in line
            assert any(0x2800 < ord(glyph) < 0x2900 for glyph in line)


def test_an_axis_keeps_to_what_its_values_can_be() -> None:
    """Percentages end at 100, and what was never negative begins at 0."""
    assert even_scale(91, 99.9, 15, bounds=(0, 100)).high == pytest.approx(100)
    whole = even_scale(0, 100, 15, fixed=(0, 100))
    assert (whole.low, whole.labels[-1]) == (0, "100")
    small = Plot("x", (Series("val", ((0, 0.01), (1, 1.0))),))
    assert MINUS not in draw(small, 60, 14, STYLE).plain


def test_time_is_labelled_in_minutes_and_seconds() -> None:
    """Ticks are at whole seconds, minutes or hours."""
    assert clock_ticks_of(0, 0.6, 5) == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6])
    assert [label_clock(at) for at in (0, 0.5, 9.25, 75)] == ["0:00", "0:30", "9:15", "1:15:00"]
    plot = Plot("x", (Series("val", ((0.0, 1.0), (3.0, 2.0))),), is_clock=True, cursor=1.5)
    assert "1:00" in draw(plot, 60, 10, STYLE).plain
    assert legend_of(plot, STYLE).plain.startswith("1:30")


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


def test_wide_characters_take_two_cells() -> None:
    """Every row keeps its width, also where half of one is replaced or does not fit."""
    canvas = Canvas(6, 2)
    canvas.put(0, 0, "\u65e5\u672c\u8a9e\u0301x")
    canvas.put(1, 0, "a")
    canvas.put(5, 1, "\u65e5")
    assert [cell_len(row) for row in canvas.plain.split("\n")] == [6, 0]
    assert all(sum(segment.cell_length for segment in row) == 6 for row in canvas.segments())
    assert canvas.plain.split("\n")[0] == " a\u672c\u8a9e"


def test_long_lines_are_drawn_as_plotext_draws_them() -> None:
    """Both ways to join points cover the same dots, but for rounding."""
    plane = Plane(0, 299, -30, 30, 70, 18)
    segment = measured([(x, y) for x, y in walk(1)])
    dots = []
    for way in (render_plotext, braille):
        canvas = Canvas(70, 18)
        for (row, column), bits in np.ndenumerate(way.line_bits([segment], plane)):
            if bits:
                canvas.put(column, row, chr(0x2800 + int(bits)))
        dots.append(dots_of(canvas.plain))
    assert share_near(dots[0], dots[1]) > 0.97
    assert share_near(dots[1], dots[0]) > 0.9


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
    assert all(len(line) <= width for line in lines)


def test_ascii_charts_are_drawn_with_letters() -> None:
    """No braille is left for a terminal that has none."""
    plot = Plot("x", (Series("val", tuple((x, float(x)) for x in range(9))),))
    assert to_ascii(draw(plot, 40, 10, ChartStyle(LIGHT, is_ascii=True)).plain).isascii()


def test_the_rolling_mean_starts_anew_after_a_gap() -> None:
    """A pause is not averaged over."""
    assert rolling_mean([(0, 2.0), (1, 4.0), (2, None), (3, 10.0)], 2) == [
        (0, 2.0), (1, 3.0), (2, None), (3, 10.0),
    ]  # fmt: skip


def test_an_axis_has_few_rows_above_what_a_share_can_be() -> None:
    """They would be empty; ends that leave far points out are not fixed to a row."""
    ideal = Series("ideal", ((0.0, 0.0), (1.0, 1.0)), "faint")
    frame = frame_of(Plot("Observed", (ideal,), y_bounds=(0.0, 1.0)), 60, 10)
    assert frame.low == 0.0
    row = (frame.high - frame.low) / 7
    assert frame.high < 1.0 + 1.5 * row  # before: three of eight rows
    curve = Series("A", ((0.0, 83.0), (1.0, 99.0)))
    near = Plot("Accuracy, %", (curve,), y_bounds=(0.0, 100.0), y_limits=(82.1, 100.0))
    frame = frame_of(near, 60, 10)
    assert frame.low <= 82.1
    assert frame.high == pytest.approx(100.0)


def test_the_labels_of_an_axis_are_never_lit() -> None:
    """A gap in the curve of the cursor's run is no row of names."""
    gap = ((0.0, 90.0), (1.0, None), (2.0, 95.0))
    canvas = draw(Plot("Accuracy, %", (Series("A", gap, is_lit=True),)), 40, 12, STYLE)
    edges = [segment for row in canvas.segments() for segment in row[:1] if segment.text.strip()]
    assert edges
    assert not any(segment.style and segment.style.bold for segment in edges)


def test_the_axis_of_x_has_a_name_between_its_ticks() -> None:
    """A reader need not guess what is counted; where no gap is wide enough it is at the end."""
    points = tuple((x, 90.0 + x) for x in range(5))
    plot = Plot("Accuracy, %", (Series("val", points),), x_label="cycle", are_x_whole=True)
    axis, labels = draw(plot, 70, 12, STYLE).plain.splitlines()[-2:]
    assert " cycle " in axis
    assert axis.count("┴") == len(labels.split()) == 5
    narrow = draw(plot, 24, 12, STYLE).plain.splitlines()[-2]
    assert " cycle " in narrow
    assert len(narrow) <= 24
    assert "time, min:s" in draw(replace(plot, is_clock=True), 70, 12, STYLE).plain
    assert "cycle" not in draw(replace(plot, x_label=""), 70, 12, STYLE).plain


def test_a_place_with_a_name_has_it_instead_of_a_number() -> None:
    """A number that would touch the name is left out."""
    points = (*((float(x), 90.0 + x) for x in range(12)), (11.5, None), (12.0, 95.0))
    plot = Plot("Accuracy, %", (Series("val", points, name="val"),), x_label="cycle",
                x_names=((12.0, "tuned"),), are_x_whole=True)  # fmt: skip
    labels = draw(plot, 60, 12, STYLE).plain.splitlines()[-1]
    assert labels.split()[-1] == "tuned"
    assert "12" not in labels
    assert legend_of(replace(plot, cursor=12.0), STYLE).plain.startswith("tuned:")


def test_marks_of_val_and_test_at_one_place_are_both_seen() -> None:
    """The second stands beside the first, whose place is exact."""
    points = ((0.0, 90.0), (1.0, 92.0), (2.0, 94.0))
    val = Series("val", points, name="val", kept=1.0)
    test = Series("test", ((0.0, 90.0), (1.0, 92.0)), name="test", mark="test")
    canvas = draw(Plot("Accuracy, %", (val, test), are_x_whole=True), 40, 12, STYLE)
    assert "●▪" in canvas.plain  # at the left edge there is no cell before it
    assert "▪★" in canvas.plain
    alone = draw(Plot("Accuracy, %", (val,), are_x_whole=True), 40, 12, STYLE)
    place = [(row, line.index("★")) for row, line in enumerate(alone.plain.splitlines())
             if "★" in line]  # fmt: skip
    assert all(canvas.plain.splitlines()[row][column] == "★" for row, column in place)


def test_lines_that_are_named_in_the_chart_are_not_named_again_below() -> None:
    """The legend has those alone that found no place beside their line."""
    levels = (Level("control", 94.0, role="control"), Level("reference", 91.0, role="reference"))
    plot = Plot("Accuracy, %", (Series("", ((1.0, 92.0),), "dots", letter="A"),), levels)
    canvas = draw(plot, 60, 16, STYLE)
    assert "control 94.0" in canvas.plain
    assert "control" not in legend_of(plot, STYLE, canvas.unnamed).plain
    long = replace(plot, levels=(replace(levels[0], label="control of a narrow pane"),))
    unnamed = draw(long, 24, 12, STYLE).unnamed
    assert "╌ control of a narrow pane 94.0" in legend_of(long, STYLE, unnamed).plain


def test_in_a_low_chart_no_name_is_at_another_height() -> None:
    """A row less or more is a large step there: names are on their row, or in the legend."""
    points = tuple((float(x), 0.4 - 0.1 * x) for x in range(4))
    series = (Series("val", points, name="val"), Series("test", points, name="test", mark="test"))
    levels = tuple(Level(f"{role} val", value, 3, role)
                   for role, value in (("control", 0.1), ("reference", 0.09)))  # fmt: skip
    plot = Plot("Loss", series, levels, y_bounds=(0.0, None))
    canvas = draw(plot, 76, 9, STYLE)
    rows = canvas.plain.splitlines()
    (named,) = (row for row in rows if "control val" in row)
    assert "\N{BOX DRAWINGS LIGHT DOUBLE DASH HORIZONTAL}" in named  # on its line
    assert "reference val" not in canvas.plain  # its row is the control's
    assert "reference val 0.090" in legend_of(plot, STYLE, canvas.unnamed).plain
    assert "test" not in canvas.plain  # its row has the name of val
    tall = draw(plot, 76, 30, STYLE).plain
    assert "reference val" in tall
    assert "test" in tall
