"""The texts of Compare without a screen: dots with intervals, groups, images, files, filters."""

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.text import Text

from medtui.analysis.changed_images import ChangedImage, changed_images
from medtui.analysis.differences import Differences, differences_of_all, pair_runs
from medtui.analysis.run_record import RunRecord, all_runs, read_run_records
from medtui.analysis.subgroup_analysis import SubgroupAnalysis, analyse_subgroups
from medtui.analysis.table import Table, table_csv
from medtui.charts.figures.data import FigureData, chart_runs
from medtui.charts.figures.registry import figure_named
from medtui.charts.palette import DARK
from medtui.charts.render_cells import draw
from medtui.charts.style import ChartStyle
from medtui.errors import UsageError
from medtui.metrics import metric_named
from medtui.metrics.intervals import Difference
from medtui.tui.compare.change_forest import change_forest, draw_averages
from medtui.tui.compare.changed_pictures import draw_changed
from medtui.tui.compare.contents import compute_content
from medtui.tui.compare.first_run import FirstRun
from medtui.tui.compare.forest import Forest, ForestRow, draw_forest, scale_of
from medtui.tui.compare.forest_notes import chosen_run, describe_choice
from medtui.tui.compare.headings import cell_of, heading_of, screen_columns
from medtui.tui.compare.lighting import lit, with_baseline
from medtui.tui.compare.model import ComparisonLoader, FinishedRuns
from medtui.tui.compare.named_filters import name_filter, read_filters
from medtui.tui.compare.subgroup_text import (
    describe_patient,
    describe_patients,
    draw_groups,
    group_rows,
    header_of,
)
from medtui.tui.compare.tabs import TabRequest
from medtui.tui.compare.walking import next_point, run_at
from medtui.tui.compare.writing import owner_of, table_of, titled, write_table
from medtui.units import MIB, MINUS
from tests.helpers.paths import RECORDED


@pytest.fixture(scope="module")
def cells() -> list[RunRecord]:
    """The recorded study of cells."""
    entries, _ = read_run_records(run for run in all_runs(RECORDED) if "cells" in str(run.path))
    return entries


@pytest.fixture(scope="module")
def pruned(cells: list[RunRecord]) -> RunRecord:
    """A compressed run."""
    return next(entry for entry in cells if entry.folder.name == "prune-0.1")


@pytest.fixture(scope="module")
def analysis(cells: list[RunRecord], pruned: RunRecord) -> SubgroupAnalysis:
    """What it changed relative to the reference."""
    return analyse_subgroups(cells[0], pruned)


ROWS = (
    ForestRow("b", "B", DARK.series[1], "Prune 0.1", 0.3, (-0.2, 0.8)),
    ForestRow("d", "D", DARK.series[3], "FilterPrune 0.1", -0.6, (-1.2, 0.1)),
    ForestRow("e", "E", DARK.series[4], "guard off", -41.8, (-46.0, -37.1)),
    ForestRow("f", "F", DARK.series[5], "too few", 1.0, None, "n < 9"),
    ForestRow("g", "G", DARK.series[6], "waits", words="computing …"),
)


def test_an_interval_lies_where_its_numbers_are() -> None:
    """Ends and dot are at their places on the axis; zero and margin are lines behind them."""
    forest = Forest(ROWS[:2], 1, margin=-1.0)
    low, high = scale_of(forest)
    lines = draw_forest(forest, 80, 8, DARK).plain.splitlines()
    first = lines[0].index("├") - lines[0].index("●")
    assert first < 0 < lines[0].index("┤") - lines[0].index("●")
    width = 80 - len("FilterPrune 0.1") - 3
    start = 80 - width
    for row, line in zip(ROWS[:2], (lines[0], lines[3]), strict=True):
        place = start + round((row.value - low) / (high - low) * (width - 1))
        assert line[place] == "●"
    assert lines[1].count("┊") == lines[1].count("│") == 1


def test_what_is_off_the_scale_is_written_out() -> None:
    """One run that lost everything does not squeeze the others into one cell."""
    forest = Forest(ROWS, 1, margin=-1.0)
    assert -3 < scale_of(forest)[0] < -1
    text = draw_forest(forest, 80, 20, DARK).plain
    assert "◀ \N{MINUS SIGN}41.8 [\N{MINUS SIGN}46.0, \N{MINUS SIGN}37.1]" in text
    assert re.search("○ n < 9|n < 9 ○", text)
    assert "computing …" in text


def test_half_of_the_runs_may_be_off_the_scale() -> None:
    """Two runs, one of which lost nearly everything: the scale is that of the other."""
    rows = (replace(ROWS[0], value=0.2, interval=(-0.9, 0.5)), ROWS[2])
    assert scale_of(Forest(rows, 1, margin=-2.0))[0] > -3


@pytest.mark.parametrize("width", [30, 56, 76, 116])
def test_a_forest_is_never_wider_than_its_pane(width: int) -> None:
    """Names are cut before the dots are."""
    for line in draw_forest(Forest(ROWS, 1, margin=-1.0), width, 20, DARK).plain.splitlines():
        assert len(line) <= width


def test_where_space_lacks_the_rows_around_the_lit_one_are_shown() -> None:
    """Walking down the table brings each run into view; the axis stays."""
    forest = Forest(ROWS, 1, margin=-1.0)
    for row in ROWS:
        lines = draw_forest(forest, 60, 5, DARK, lit=row.key).plain.splitlines()
        assert len(lines) == 5
        assert any(line.startswith(f"{row.letter} ") for line in lines[:3])
        assert "┴" in lines[3]


def test_changes_have_a_row_for_each_run_but_the_baseline(cells: list[RunRecord]) -> None:
    """The reference is the zero line; a run that is not compared says why."""
    found, _ = differences_of_all(cells, None)
    metric = metric_named("accuracy")
    assert metric is not None
    runs = chart_runs(cells)
    why = {runs[-1].entry.key: "no predictions"}
    forest = change_forest(runs, found | why, metric, DARK, is_judged=True)
    assert [row.letter for row in forest.rows] == [run.mark.letter for run in runs[1:]]
    assert forest.rows[-1].words == "no predictions"
    assert forest.margin == pytest.approx(-2.0)
    waiting = change_forest(runs, {}, metric, DARK, is_judged=True)
    assert {row.words for row in waiting.rows} == {"computing …"}


def test_the_change_on_val_lies_below_that_on_test_where_rows_are_apart() -> None:
    """It is a ring, since another split was measured; in a low pane there is no row for it."""
    val = ForestRow("", "", DARK.muted, "on val", -0.4, (-1.8, 1.1), is_hollow=True)
    forest = Forest((replace(ROWS[0], on_val=val), ROWS[2]), 1, margin=-1.0, unit="points")
    lines = draw_forest(forest, 80, 8, DARK).plain.splitlines()
    assert "●" in lines[0]
    assert "on val" in lines[1]
    assert "○" in lines[1]
    assert lines[1].index("├") < lines[0].index("├")
    assert lines[-1].split()[0] == "points"
    low = draw_forest(forest, 80, 4, DARK).plain
    assert "on val" not in low
    assert low.splitlines()[0].index("├") != lines[0].index("├")  # its own scale


def test_averages_name_single_runs_as_the_table_does(cells: list[RunRecord]) -> None:
    """A density that a name already has is not said again."""
    runs = chart_runs([entry for entry in cells if not entry.folder.name.endswith("-s1")])
    said = draw_averages(runs, 80, DARK).plain
    for run in runs:
        assert f"{run.mark.letter} {run.title} " in said
    assert "FilterPrune50 0.5" not in said


def test_tables_of_calibration_have_the_screen_s_names(
    cells: list[RunRecord], pruned: RunRecord
) -> None:
    """Neither the run's folder, nor `before`, which says not what it was compared with."""
    finished = FinishedRuns(tuple(cells))
    loader = ComparisonLoader(RECORDED)
    request = TabRequest("Calibration", chart_runs(cells), pruned, finished, None, 1, 100)
    tables = compute_content(loader, request, DARK)
    assert isinstance(tables, tuple)
    errors, classes = (each for each in tables if isinstance(each, Table))
    assert errors.shown_headers == ("run", "ref.", "this")
    assert errors.rows[0][0] == "Prune 0.1 seed 0"
    assert classes.title == "Calibration by class: Prune 0.1 seed 0"
    assert classes.shown_headers is not None
    assert classes.shown_headers[1:3] == ("slope ref.", "slope this")


def test_the_patients_who_fell_are_counted_in_every_width(analysis: SubgroupAnalysis) -> None:
    """The mean gives way, then the number of all patients."""
    said = [describe_patients(analysis, DARK, room).plain for room in (40, 20, 14)]
    assert "mean" in said[0]
    assert " of " in said[1]
    assert "mean" not in said[1]
    assert " of " not in said[2]
    assert all("fell" in each and "rose" in each for each in said)


def test_the_choice_on_val_is_said_below_the_forest(cells: list[RunRecord]) -> None:
    """Which run, with its change there; or which comes closest."""
    metric = metric_named("accuracy")
    assert metric is not None
    runs = chart_runs([entry for entry in cells if not entry.folder.name.endswith("-s1")])
    compressed = [run for run in runs if run.entry.folder.is_compressed]

    def of(low: float) -> Differences:
        change = Difference(-0.003, low, 0.018, 0.01)
        return Differences("cells/reference", {"accuracy": change})

    lows = [-0.5, *(-0.1 for _ in compressed[2:]), -0.024]
    found = {run.entry.key: replace(of(low), on_val=of(low))
             for run, low in zip(compressed, lows, strict=True)}  # fmt: skip
    closest = compressed[-1].mark.letter
    assert describe_choice(runs, found, metric) == (
        f"Chosen on val: none; closest is {closest} {MINUS}0.3 [{MINUS}2.4, +1.8], margin 2 points"
    )
    held = {key: replace(each, on_val=of(-0.015)) for key, each in found.items()}
    smallest = min(compressed, key=lambda run: run.entry.result.size.bytes_packed)
    said = describe_choice(runs, held, metric)
    change = f"{MINUS}0.3 [{MINUS}1.5, +1.8]"
    assert said == (
        f"Chosen on val: {smallest.mark.letter} ({change}), "
        f"smallest file to exclude {MINUS}2 points"
    )
    assert chosen_run(cells, held, metric) == ""  # two seeds are not compared by themselves
    assert chosen_run([run.entry for run in runs], held, metric) == smallest.entry.key
    del found[compressed[0].entry.key]  # is still computed
    assert describe_choice(runs, found, metric) == ""


def test_the_cursor_begins_on_the_run_that_matters(cells: list[RunRecord]) -> None:
    """The run one came from; else the chosen one, else the closest; never one that was left."""
    metric = metric_named("accuracy")
    assert metric is not None
    runs = [entry for entry in cells if not entry.folder.name.endswith("-s1")]
    first, last = (entry for entry in runs if entry.folder.is_compressed)

    def changes(*lows: float) -> dict[str, Differences]:
        of = (Differences("cells/reference", {"accuracy": Difference(0.0, low, 0.02, 0.01)})
              for low in lows)  # fmt: skip
        return {each.key: replace(found, on_val=found)
                for each, found in zip((first, last), of, strict=True)}  # fmt: skip

    reference = runs[0].key
    begun = FirstRun()
    assert begun.place(None, [], {}, metric) is None  # no run is read yet
    assert begun.place(None, runs, {}, metric) is None  # none is shown yet
    assert begun.place(reference, runs, {}, metric) == first.key  # nothing is known yet
    assert begun.place(first.key, runs, changes(-0.5, -0.4), metric) == last.key  # the closest
    assert begun.place(last.key, runs, changes(-0.001, -0.4), metric) is None  # once
    assert FirstRun().place(reference, runs, changes(-0.001, -0.4), metric) == first.key
    moved = FirstRun()
    moved.place(reference, runs, {}, metric)
    assert moved.place(reference, runs, changes(-0.5, -0.4), metric) is None
    assert FirstRun(reference).place(first.key, runs, {}, metric) == reference
    without = [entry for entry in runs if not entry.folder.is_compressed]
    assert FirstRun().place(reference, without, {}, metric) is None


def test_a_run_that_lost_everything_is_at_the_edge_of_the_chart_of_sizes(
    cells: list[RunRecord],
) -> None:
    """As on Home: it does not squeeze the others into two rows."""
    runs = [_scored(entry, 0.98 - 0.002 * at) for at, entry in enumerate(cells)]
    runs[-1] = _scored(cells[-1], 0.468)
    request = TabRequest("Size", chart_runs(runs), None, FinishedRuns(), None, 0, 100)
    plot, _ = figure_named("pareto").build(FigureData(request.runs))
    assert plot.y_limits == (None, None)
    shown = with_baseline(plot, request)
    low, high = shown.y_limits
    assert low is not None
    assert high is not None
    assert 90 < low < high < 105
    drawn = draw(shown, 60, 20, ChartStyle(DARK)).plain
    assert f"{request.runs[-1].mark.letter}▼46.8" in drawn
    assert "sparse file size, MiB" in drawn
    assert shown.title == "Test accuracy, %, by sparse file size"
    assert "by val" in shown.remark


def _scored(entry: RunRecord, accuracy: float) -> RunRecord:
    """Return a run with another accuracy on test."""
    metrics = {**entry.result.test.metrics, "accuracy": accuracy}
    test = msgspec.structs.replace(entry.result.test, metrics=metrics)
    return replace(entry, result=msgspec.structs.replace(entry.result, test=test))


def test_subgroups_name_study_baseline_and_metric(analysis: SubgroupAnalysis) -> None:
    """The negative class of two has the specificity, as in the table of runs."""
    text = draw_groups(analysis, 116, DARK).plain
    head = text.splitlines()[0].split()
    assert head[3:5] == ["ref.", "this"]
    names = [row.name for row in group_rows(analysis)]
    assert "Parasitized, sensitivity" in names
    assert "Uninfected, specificity" in names
    header = header_of(analysis, Text("A Prune 0.1"), "◇ reference", DARK).plain
    assert header.startswith("cells ▸ A Prune 0.1  test accuracy ")
    assert "points [95 %]" in text.splitlines()[0]
    patient = describe_patient(IMAGES, 12, "control", DARK).plain
    assert patient.endswith("P(truth): control → this")


def test_headers_have_the_units_and_cells_the_numbers(
    cells: list[RunRecord], pruned: RunRecord
) -> None:
    """AUROC has three decimals, sizes are MiB, the factor is to the dense reference."""
    texts = {heading_of(column, cells): cell_of(column, pruned) for column in screen_columns(cells)}
    assert texts["test %"] == f"{100 * pruned.result.test.metrics['accuracy']:.1f}"
    assert texts["AUROC"] == f"{pruned.result.test.metrics['auroc']:.3f}"
    assert texts["MiB"] == f"{pruned.result.size.bytes_packed / MIB:.3g}"
    assert texts["smaller"] == "7.5\N{MULTIPLICATION SIGN}"
    assert texts["density"] == "0.1"
    assert not any("%" in text for text in texts.values())


def test_groups_stand_with_their_verdicts_in_any_width(analysis: SubgroupAnalysis) -> None:
    """All images first, then each class; nothing is cut at 56 cells."""
    assert group_rows(analysis)[0].name == "all"
    for width in (56, 76, 116):
        lines = draw_groups(analysis, width, DARK).plain.splitlines()
        assert len(lines) == len(group_rows(analysis)) + 2
        assert all(len(line) <= width for line in lines[:-1])
        assert all("too few" in line for line in lines[1:-1])
        assert lines[-1].startswith("· Too few patients or images: ")


def test_changed_images_are_those_whose_answer_changed(
    cells: list[RunRecord], pruned: RunRecord, analysis: SubgroupAnalysis
) -> None:
    """As many were lost and won as the changed predictions count; the lost ones come first."""
    found = changed_images(pair_runs(cells[0], pruned), pruned.predictions.classes)
    kinds = [each.kind for each in found]
    assert kinds.count("lost") == analysis.flips.num_lost
    assert kinds.count("won") == analysis.flips.num_gained
    assert kinds == sorted(kinds, key=["lost", "won", "changed"].index)
    lost = [abs(each.after - each.before) for each in found if each.kind == "lost"]
    assert lost == sorted(lost, reverse=True)


IMAGES = tuple(
    ChangedImage(
        f"cell-{at}.png",
        "P1",
        "Parasitized",
        is_of_class=True,
        before=0.91,
        after=0.31,
        kind="lost",
    )
    for at in range(5)
)  # fmt: skip


def test_thumbnails_have_their_probabilities_below() -> None:
    """As many as fit beside and below each other; each is 16 cells wide and 8 rows high."""
    pictures = {each.name: np.full((32, 32, 3), 200, np.uint8) for each in IMAGES}
    lines = draw_changed(IMAGES, pictures, 40, 24, DARK).plain.splitlines()
    assert lines[0].count("▀") == 32
    assert sum("▀" in line for line in lines) == 16
    assert "\n".join(lines).count("P(truth) .91→.31") == 4
    short = draw_changed(IMAGES, pictures, 40, 9, DARK).plain.splitlines()
    assert short[-1].count("✗ 0.91 → 0.31") == 2


def test_few_images_are_drawn_large_where_there_is_room() -> None:
    """At 32 cells a cell image has all of its pixels; many images are not, whatever the room."""
    pictures = {each.name: np.full((32, 32, 3), 200, np.uint8) for each in IMAGES}
    lines = draw_changed(IMAGES, pictures, 150, 45, DARK).plain.splitlines()
    assert lines[0].count("▀") == 4 * 32
    assert sum("▀" in line for line in lines) == 2 * 16
    assert "\n".join(lines).count("P(truth) .91→.31") == 5
    narrow = draw_changed(IMAGES, pictures, 150, 36, DARK).plain.splitlines()
    assert narrow[0].count("▀") == 5 * 16


def test_images_that_are_not_there_are_listed_with_the_reason() -> None:
    """The probabilities are known without the data."""
    text = draw_changed(IMAGES, {}, 80, 24, DARK, problem="No folder /data.").plain
    assert "Images are not there: No folder /data." in text
    reading = draw_changed(IMAGES, {}, 80, 24, DARK, is_reading=True).plain
    assert reading.startswith("reading the images …")
    assert reading.count("P(truth) .91→.31") == 5
    assert text.count("P(truth) .91→.31") == 5
    assert draw_changed((), {}, 80, 24, DARK).plain == "No answer about these images changed."


def test_the_table_is_written_as_the_command_line_writes_it(
    cells: list[RunRecord], tmp_path: Path
) -> None:
    """CSV and Markdown, by the same writers."""
    columns = screen_columns(cells)
    found, _ = differences_of_all(cells, None)
    csv, markdown = write_table(tmp_path / "exports", cells, columns, found)
    assert csv.read_text() == table_csv(table_of(cells, columns, found))
    assert markdown.read_text().startswith("| run | test accuracy |")
    with pytest.raises(UsageError, match="Could not write"):
        write_table(csv, cells, columns, found)


def test_what_shows_several_runs_belongs_to_their_study(cells: list[RunRecord]) -> None:
    """Not to the first of them; the picture's title says of which study and runs it is."""
    assert owner_of(cells[:1]) == "cells/reference"
    assert owner_of(cells) == "cells"
    plot, _ = figure_named("pareto").build(FigureData(chart_runs(cells)))
    assert "· cells: reference, " in titled(plot, cells)


def test_arrows_walk_the_points_from_left_to_right(cells: list[RunRecord]) -> None:
    """From run to run in the order of sizes, and no further than the last; curves are no points."""
    runs = chart_runs(cells)
    keys = {run.mark.letter: run.entry.key for run in runs}
    plot, _ = figure_named("pareto").build(FigureData(runs))
    order = sorted(runs, key=lambda run: run.entry.result.size.bytes_packed)
    first = next_point(plot, keys, None, 1)
    assert first in {order[0].entry.key, order[1].entry.key}
    assert next_point(plot, keys, order[-1].entry.key, 1) == "cells/reference"
    assert next_point(plot, keys, first, -1) == first
    assert next_point(replace(plot, series=()), keys, None, 1) is None
    x = order[-1].entry.result.size.bytes_packed / MIB
    assert run_at(plot, keys, x) == "cells/reference"
    assert run_at(plot, keys, x + 1) is None


def test_the_run_under_the_cursor_is_lit_and_named(cells: list[RunRecord]) -> None:
    """Of points, the legend names this one alone: the others' letters are in the table."""
    plot, _ = figure_named("pareto").build(FigureData(chart_runs(cells)))
    shown = lit(plot, "A")
    assert [series.letter for series in shown.series if series.is_lit] == ["A"]
    assert {series.letter for series in shown.series if series.label and series.letter} == {"A"}


def test_filters_keep_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest comes first; a name without letters is refused, a damaged file is empty."""
    path = tmp_path / "state" / "filters.json"
    monkeypatch.setattr("medtui.tui.compare.named_filters.filters_path", lambda: path)
    assert read_filters() == {}
    name_filter("small", "smaller>10")
    name_filter("good", "acc>90% OR has:latency")
    name_filter("small", "smaller>20")
    assert list(read_filters().items()) == [
        ("small", "smaller>20"), ("good", "acc>90% OR has:latency"),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="empty"):
        name_filter("  ", "acc>1")
    path.write_text("[")
    assert read_filters() == {}
