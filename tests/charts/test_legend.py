"""What the legend below a chart says, and in how many cells."""

from dataclasses import replace

from medtui.charts.palette import DARK
from medtui.charts.plot import Level, Plot, Series, Zone
from medtui.charts.style import ChartStyle, legend_of

STYLE = ChartStyle(DARK)
RUNS = tuple(
    Series(name, points, letter=letter, is_run=True)
    for name, letter, points in (
        ("Prune 0.1", "A", ((0.0, 80.0), (1.0, 90.0), (1.5, None), (2.0, 95.0))),
        ("FilterPrune60Stock", "B", ((0.0, 40.0), (1.0, 60.0))),
        ("PruneQuantize16 0.1", "C", ((0.0, 80.0), (1.0, 91.0), (1.5, None), (2.0, 96.0))),
    )
)
BY_CYCLE = Plot(
    "Accuracy on val by cycle, %", RUNS, x_label="cycle", x_names=((2.0, "fine-tuned"),),
    are_x_whole=True, remark="2 again: test",
)  # fmt: skip


def test_latest_values_are_grouped_by_where_they_were_measured() -> None:
    """A number after fine-tuning beside one of a cycle would be read as of the same model."""
    assert legend_of(BY_CYCLE, STYLE).plain == (
        "fine-tuned:  A Prune 0.1 95.0  C PruneQuantize16 0.1 96.0  "
        "cycle 1:  B FilterPrune60Stock 60.0  2 again: test"
    )
    at_cycle = legend_of(replace(BY_CYCLE, cursor=1.0), STYLE).plain
    assert at_cycle.startswith("cycle 1:  A Prune 0.1 90.0  B FilterPrune60Stock 60.0")
    assert "fine-tuned" not in at_cycle


def test_in_a_narrow_chart_runs_are_named_by_their_letters() -> None:
    """Every value is there, and nothing is cut; the table beside the chart names the letters."""
    legend = legend_of(BY_CYCLE, STYLE, room=74).plain
    assert legend == "fine-tuned:  A 95.0  C 96.0  cycle 1:  B 60.0  2 again: test"
    val = Series("val", ((0.0, 80.0),), letter="A", name="val")
    assert "● val 80.0" in legend_of(replace(BY_CYCLE, series=(val,)), STYLE, room=20).plain


def test_what_a_narrow_legend_leaves_out_has_a_mark() -> None:
    """Margins, then levels, then remarks give way to values, for which an ellipsis stands."""
    plot = replace(
        BY_CYCLE, remark="★ kept cycle 1", series=RUNS[:1],
        levels=(Level("reference val", 97.1, role="reference"),), zones=(Zone("margin 2", 95, 97),),
    )  # fmt: skip
    unnamed = ("reference val",)
    whole = legend_of(plot, STYLE, unnamed)
    assert whole.plain.endswith("┈ reference val 97.1  ·· margin 2  ★ kept cycle 1")
    values = "fine-tuned:  A 95.0"
    assert legend_of(plot, STYLE, unnamed, room=60).plain == (
        f"{values}  ┈ ref. val 97.1  ★ kept cycle 1  …"
    )
    assert legend_of(plot, STYLE, unnamed, room=40).plain == f"{values}  ★ kept cycle 1  …"
    assert legend_of(plot, STYLE, unnamed, room=25).plain == f"{values}  …"
    assert legend_of(plot, STYLE, unnamed, room=whole.cell_len) == whole


def test_of_a_remark_its_end_is_kept_longest() -> None:
    """It is the key of the other side of a tab."""
    plot = replace(BY_CYCLE, series=RUNS[:1], remark="val was used for selection  2 again: test")
    assert legend_of(plot, STYLE, room=50).plain == "fine-tuned:  A 95.0  2 again: test  …"


def test_a_value_that_is_no_point_s_stands_behind_the_name() -> None:
    """A calibration error belongs to all points of a run."""
    series = replace(RUNS[1], stroke="dots", digits=None, value="0.100")
    plot = Plot("Observed share", (series,), remark="calibration error on test")
    assert legend_of(plot, STYLE).plain == ("B FilterPrune60Stock 0.100  calibration error on test")
    assert legend_of(plot, STYLE, room=40).plain == "B 0.100  calibration error on test"
