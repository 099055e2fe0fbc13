"""Looking closer at a chart."""

from medtui.charts.palette import DARK
from medtui.charts.plot import Level, Plot, Series
from medtui.charts.style import ChartStyle, legend_of
from medtui.charts.viewport import Viewport, apply_viewport, smooth, step_cursor, zoom

PLOT = Plot(
    "Accuracy by cycle, %",
    (Series("val", tuple((x, float(x)) for x in range(11))),),
    x_label="cycle",
    are_x_whole=True,
)


def test_zoom_halves_the_window_at_the_right_end_and_back() -> None:
    """Zooming out again shows all."""
    closer = zoom(Viewport(), PLOT, 2)
    assert closer.window == (5, 10)
    assert zoom(closer, PLOT, 0.5).window is None


def test_the_cursor_begins_at_the_last_point_and_the_window_follows() -> None:
    """Left goes back; a window that loses the cursor moves with it."""
    viewport = zoom(Viewport(), PLOT, 4)
    for _ in range(8):
        viewport = step_cursor(viewport, PLOT, -1)
    assert viewport.cursor == 3
    assert viewport.window is not None
    assert viewport.window[0] <= 3 <= viewport.window[1]


def test_the_legend_reads_out_the_values_at_the_cursor() -> None:
    """Instead of the latest ones."""
    plot = apply_viewport(Viewport(cursor=4), PLOT)
    assert legend_of(plot, ChartStyle(DARK)).plain == "cycle 4:  A val 4.0"


def test_the_read_out_has_measured_values_only() -> None:
    """Test was not evaluated at cycle 2: its value of cycle 3 does not stand in."""
    val = Series("val", ((1, 70.0), (2, 75.3), (3, 78.7)))
    test = Series("test", ((1, 60.0), (2, None), (3, 66.7)), "dots")
    plot = Plot("Accuracy", (val, test), x_label="cycle", are_x_whole=True)
    style = ChartStyle(DARK)
    read = legend_of(apply_viewport(Viewport(cursor=2), plot), style).plain
    assert read == "cycle 2:  A val 75.3  B test —"
    smoothed = legend_of(apply_viewport(Viewport(cursor=2, smoothing=3), plot), style).plain
    assert smoothed == "cycle 2:  A val 75.3 (mean 72.7)  B test —"


def test_a_time_axis_reads_the_sample_beside_the_cursor() -> None:
    """Two runs are not sampled at the same moments."""
    first = Series("first", ((0.0, 1.0), (10.0, 2.0)))
    second = Series("second", ((0.05, 3.0), (9.0, 4.0)))
    plot = Plot("Memory", (first, second), x_label="minute", is_sampled=True)
    read = legend_of(apply_viewport(Viewport(cursor=0.0), plot), ChartStyle(DARK)).plain
    assert read == "minute 0:  A first 1.0  B second 3.0"
    read = legend_of(apply_viewport(Viewport(cursor=9.0), plot), ChartStyle(DARK)).plain
    assert read == "minute 9:  A first —  B second 4.0"


def test_smoothing_keeps_the_raw_curve_faint_and_says_so() -> None:
    """Nobody takes a smoothed curve for what was measured."""
    plot = apply_viewport(Viewport(smoothing=3), PLOT)
    assert [series.stroke for series in plot.series] == ["line", "faint"]
    assert plot.title.endswith(", mean of 3")
    assert plot.series[0].mark == "none", "means were not measured"


def test_smoothing_begins_anew_after_a_gap() -> None:
    """What was not measured carries nothing over."""
    smoothed = smooth(Series("val", ((0, 1.0), (1, None), (2, 5.0))), 3).points
    assert smoothed == ((0, 1.0), (1, None), (2, 5.0))


def test_an_empty_plot_can_be_looked_at() -> None:
    """Nothing measured yet: no key breaks anything."""
    empty = Plot("x", (Series("val", ()),))
    assert zoom(Viewport(), empty, 2) == Viewport()
    assert step_cursor(Viewport(), empty, 1) == Viewport()


def test_a_level_has_the_decimals_of_its_metric() -> None:
    """AUROC is read by its third decimal, a share in percent by its first."""
    auroc = Series("val", ((0, 0.5674),), digits=3)
    plot = Plot("AUROC", (auroc,), (Level("reference val", 0.9996, 3),), x_label="cycle")
    read = legend_of(plot, ChartStyle(DARK)).plain
    assert read == "A val 0.567  ╌ reference val 1.000"
