"""Compare: marking, pinning, filtering and every tab, on folders that the engine wrote."""

import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.text import Text
from textual.pilot import Pilot

from medtui.analysis.run_record import RunRecord, all_runs, read_run_records
from medtui.charts.figures.data import FigureData, chart_runs
from medtui.charts.figures.tradeoff import metric_by_density, pareto
from medtui.charts.palette import DARK
from medtui.charts.plot import Plot, Series, place_letter
from medtui.charts.render_cells import draw
from medtui.charts.run_identity import identify_study
from medtui.charts.selection import Marks
from medtui.charts.style import ChartStyle, legend_of
from medtui.runs.predictions import SplitPredictions, read_predictions
from medtui.tui.compare import screen as compare_screen
from medtui.tui.compare.model import ComparisonLoader
from medtui.tui.compare.named_filters import name_filter
from medtui.tui.compare.subgroups_pane import PatientTable
from medtui.tui.compare.table import CompareTable
from medtui.tui.widgets.key_bar import KeyBar
from tests.helpers.altered_runs import alter_study, copy_recorded, shift_labels
from tests.helpers.paths import RECORDED
from tests.helpers.searched_study import PROBES, write_searched_study
from tests.helpers.tui_pilot import notices, opened, screen_text, until


@pytest.fixture
def recorded(runs_dir: Path) -> Path:
    """Put the recorded cells into the runs folder."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    return runs_dir


async def _compare(pilot: Pilot[None], *words: str) -> None:
    await pilot.press("c")
    await until(pilot, lambda: all(word in screen_text(pilot) for word in words))


async def test_a_study_opens_with_its_runs_marked_and_their_changes(recorded: Path) -> None:
    """`c` on Home shows the study; changes with intervals follow; curves are drawn."""
    async with opened(recorded, size=(160, 50)) as pilot:
        await _compare(pilot, "5 of 5 runs of cells, 5 marked", "Prune 0.1 seed 1")
        await until(pilot, lambda: screen_text(pilot).count("[n < 9]") >= 4)
        await until(pilot, lambda: "Test accuracy, %, by sparse file size" in screen_text(pilot))
        await until(pilot, lambda: "against ◇ reference" in screen_text(pilot))


async def test_the_table_is_drawn_again_for_many_changes_at_once(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for each of the runs; and no run is written out to describe a worker to Textual."""
    drawn, described = list[int](), list[str]()
    show = CompareTable.show_rows
    monkeypatch.setattr(RunRecord, "__repr__", lambda run: described.append(run.key) or run.key)
    monkeypatch.setattr(
        CompareTable, "show_rows",
        lambda table, rows, *rest: (drawn.append(len(rows.differences)), show(table, rows, *rest)),
    )  # fmt: skip
    monkeypatch.setattr(compare_screen, "_SHOW_EVERY_S", 600.0, raising=False)
    async with opened(recorded, size=(160, 50)) as pilot:
        await _compare(pilot, "5 of 5 runs of cells, 5 marked")
        await until(pilot, lambda: drawn[-1:] == [4])
        assert set(drawn) == {0, 4}
    assert not described


async def test_a_pin_is_set_in_the_table_and_not_in_subgroups(recorded: Path) -> None:
    """There the run under the cursor would become its own baseline."""
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 of 5 runs of cells, 5 marked")
        await pilot.press("7")
        await until(pilot, lambda: "Patients, % right" in screen_text(pilot))
        assert "p Pin" not in screen_text(pilot).splitlines()[-1]
        await pilot.press("p")
        await until(pilot, lambda: "1 or Escape shows it" in screen_text(pilot).splitlines()[-1])
        await until(pilot, lambda: "Patients, % right" in screen_text(pilot))


async def test_a_study_of_any_name_is_compared(recorded: Path) -> None:
    """Spaces, quotes and control characters are part of the name that is looked for."""
    shutil.copytree(recorded / "cells", recorded / " it's\ta \x1b[31mcell ")
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 of 5 runs of", "5 marked")


async def test_marked_on_home_they_are_compared_alone(recorded: Path) -> None:
    """Space on a run of Home's lower table marks it; `c` takes the marked."""
    async with opened(recorded) as pilot:
        await pilot.press("enter", "space", "down", "space")
        await until(pilot, lambda: "▸" in screen_text(pilot))
        await _compare(pilot, "5 of 5 runs of cells, 2 marked")


TABS = {
    "2": "Accuracy on val by cycle",
    "3": "Pareto front, by val: A",
    "4": "Test accuracy, %, by density",
    "5": "Memory of the worker, GiB",
    "6": "sensitivity by class, test",
    "9": "compress.seeds",
    "1": "Change of test accuracy, points",
}
"""Key to what the tab says."""


async def test_every_tab_shows_the_marked_runs(recorded: Path) -> None:
    """Each number is a tab; each says what it shows."""
    async with opened(recorded, size=(150, 50)) as pilot:
        await _compare(pilot, "5 marked")
        for key, words in TABS.items():
            await pilot.press(key)
            await until(pilot, lambda words=words: words in screen_text(pilot))
        await pilot.press("1")
        await until(pilot, lambda: "FilterPrune50 0.5 (2)" in screen_text(pilot))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "compress.seeds" in screen_text(pilot))
        await pilot.click("#tabs", offset=(14, 0))
        await until(pilot, lambda: "Accuracy on val by cycle" in screen_text(pilot))


async def test_subgroups_open_on_the_run_that_fell_most(recorded: Path) -> None:
    """A baseline has no analysis; `,` goes to the run before, whose verdict is computed anew."""
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 marked")
        await until(pilot, lambda: screen_text(pilot).count("[n < 9]") >= 4)
        table = pilot.app.screen.query_one(CompareTable)
        await pilot.press(*["up"] * 5)
        await until(pilot, lambda: table.selected_run == "cells/reference")
        await pilot.press("7")
        await until(pilot, lambda: "answers that changed" in screen_text(pilot))
        assert table.selected_run == pilot.app.screen._state.worst
        await until(pilot, lambda: "Zoom" in screen_text(pilot).splitlines()[-1])
        assert "Filter" not in screen_text(pilot).splitlines()[-1]
        await pilot.press(*["comma"] * 5)
        await until(pilot, lambda: "This run is the baseline" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Change of test accuracy" in screen_text(pilot))
        assert type(pilot.app.screen).__name__ == "CompareScreen"


def _pseudonymised(stored: SplitPredictions) -> SplitPredictions:
    """Return predictions whose patients have names as `runs pack --pseudonymise` gives them."""
    numbers = {name: at for at, name in enumerate(dict.fromkeys(stored.patients), 1)}
    return replace(stored, patients=[f"patient-{numbers[name]:04}" for name in stored.patients])


@pytest.mark.parametrize("width", [80, 120])
async def test_pseudonyms_of_patients_can_be_told_apart(runs_dir: Path, width: int) -> None:
    """They differ at their ends, which are on screen in every width."""
    study = copy_recorded(runs_dir, "cells")
    alter_study(study, _pseudonymised)
    patients = set(read_predictions(study.reference.predictions).splits["test"].patients)
    async with opened(runs_dir, size=(width, 24)) as pilot:
        await _compare(pilot, "5 marked")
        await until(pilot, lambda: screen_text(pilot).count("[n < 9]") >= 4)
        await pilot.press("7")
        await until(pilot, lambda: "answers that changed" in screen_text(pilot))
        for patient in patients:
            await until(pilot, lambda end=patient[-5:]: end in screen_text(pilot))
        copied = pilot.app.screen.query_one(PatientTable).as_text()
        assert all(patient in copied for patient in patients)


async def test_enter_opens_the_run_and_going_back_leads_to_compare(recorded: Path) -> None:
    """In Compare, Enter did nothing but mark; `b` leaves the screen, Escape never does."""
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 marked")
        compare = pilot.app.screen
        await pilot.click("#forest", offset=(4, 1))
        table, second = compare.query_one(CompareTable), compare._state.marked[1].entry.key
        await until(pilot, lambda: table.selected_run == second)
        await pilot.press("down", "right", "enter")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "RunScreen")
        assert pilot.app.screen.key == compare.query_one(CompareTable).selected_run
        pilot.app.screen.dismiss()
        await until(pilot, lambda: pilot.app.screen is compare)
        await pilot.press("escape", "escape")
        assert pilot.app.screen is compare
        await pilot.press("b")
        await until(pilot, lambda: "Studies" in screen_text(pilot))


async def test_a_pin_is_the_baseline_of_all(recorded: Path) -> None:
    """`p` pins the run under the cursor and says so; `p` again takes it away."""
    async with opened(recorded, size=(160, 50)) as pilot:
        await _compare(pilot, "5 marked")
        await pilot.press("down", "p")
        await until(pilot, lambda: re.search(r"against (Filter)?Prune", screen_text(pilot)))
        await pilot.press("p")
        await until(pilot, lambda: "against ◇ reference" in screen_text(pilot))


async def test_a_pin_on_other_data_is_refused(recorded: Path) -> None:
    """The title says that runs are not compared, and why; the table has no change."""
    alter_study(copy_recorded(recorded, "elsewhere"), shift_labels)
    async with opened(recorded, size=(160, 50)) as pilot:
        await _compare(pilot, "5 marked")
        others = "cells" if "runs of elsewhere" in screen_text(pilot) else "elsewhere"
        await pilot.press("slash", "ctrl+u", "enter")
        await until(pilot, lambda: "10 of 10 runs" in screen_text(pilot))
        table = pilot.app.screen.query_one(CompareTable)
        while table.selected_run != f"{others}/reference":
            await pilot.press("down" if others == "elsewhere" else "up")
        await pilot.press("p")
        await until(pilot, lambda: "not compared. The runs were" in screen_text(pilot))


async def test_a_filter_narrows_the_table_and_half_of_one_does_no_harm(recorded: Path) -> None:
    """What is being typed shows all until it can be understood."""
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 marked")
        await pilot.press("slash")
        await pilot.press("ctrl+u", *"density", "less_than_sign")
        await until(pilot, lambda: "5 of 5 runs" in screen_text(pilot))
        await pilot.press(*"0.5", "enter")
        await until(pilot, lambda: "2 of 5 runs" in screen_text(pilot))


async def test_columns_are_checked_and_rows_ordered_by_a_list(recorded: Path) -> None:
    """The header of the column says by what rows are ordered, and in which direction."""
    async with opened(recorded, size=(200, 60)) as pilot:
        await _compare(pilot, "5 marked", "density", "smaller")
        await pilot.press("o", "down", "enter")
        await until(pilot, lambda: "test % ▾" in screen_text(pilot))
        await pilot.press("o", "enter")
        await until(pilot, lambda: "test % ▴" in screen_text(pilot))
        await pilot.press("v")
        await until(pilot, lambda: "space checks" in screen_text(pilot))
        await pilot.press("space", "enter")
        await until(pilot, lambda: "test %" not in screen_text(pilot))
        await until(pilot, lambda: "smaller" in screen_text(pilot))
        await pilot.press("v", "d")
        await until(pilot, lambda: "test % ▴" in screen_text(pilot))


async def test_groups_stand_above_their_members(recorded: Path) -> None:
    """Seeds of one scheme get a mean; a group's line marks and unmarks its runs."""
    async with opened(recorded, size=(160, 50)) as pilot:
        await _compare(pilot, "5 of 5 runs of cells, 5 marked")
        await pilot.press("G")
        await until(pilot, lambda: "grouped by scheme" in screen_text(pilot))
        text = screen_text(pilot)
        assert "FilterPrune50: 2 seeds" in text
        assert text.index("FilterPrune50: 2 seeds") < text.index("FilterPrune50 seed 1")
        table = pilot.app.screen.query_one(CompareTable)
        while table.selected_run is not None:
            await pilot.press("down")
        await pilot.press("space")
        await until(pilot, lambda: "5 runs of cells, 3 marked" in screen_text(pilot))
        await pilot.press("p")
        await until(pilot, lambda: "against ◇ reference" in screen_text(pilot))
        for _ in range(4):
            await pilot.press("G")
        await until(pilot, lambda: "grouped by" not in screen_text(pilot))


async def test_it_fits_small_terminals(recorded: Path) -> None:
    """At 80x24 the table keeps name, metric and change, and the chart is drawn."""
    async with opened(recorded, size=(80, 24)) as pilot:
        words = ("test %", "points [95 %]", "verdict", "smaller", "Change of test accuracy")
        await _compare(pilot, *words)
        await pilot.press("b")
        await until(pilot, lambda: "medtui  Home" in screen_text(pilot))


async def test_results_that_arrive_while_the_screen_closes_are_dropped(recorded: Path) -> None:
    """Going back during the computation leaves the screen without its widgets for a moment."""
    async with opened(recorded) as pilot:
        await _compare(pilot, "5 of 5 runs of cells")
        await pilot.app.workers.wait_for_complete()
        screen = pilot.app.screen
        screen._refresh()
        screen.dismiss()
        await pilot.app.workers.wait_for_complete()
        assert pilot.app.is_running
        assert pilot.app.screen is not screen


async def test_probes_are_hidden_until_they_are_asked_for(runs_dir: Path) -> None:
    """`P` shows them, each with its sign and its word; hidden again they are unmarked."""
    write_searched_study(runs_dir)
    async with opened(runs_dir, size=(160, 50)) as pilot:
        await _compare(pilot, "5 of 5 runs of cells, 5 marked · P shows 2 low-fidelity runs")
        await until(pilot, lambda: "★ Prune 0.1" in screen_text(pilot))
        assert "probe" not in screen_text(pilot)
        await pilot.press("P", "a")
        await until(pilot, lambda: "7 marked · 2 low-fidelity runs (2" in screen_text(pilot))
        assert screen_text(pilot).count("○ Prune 0.") == len(PROBES)
        await pilot.press("P")
        await until(pilot, lambda: "5 of 5 runs of cells, 5 marked" in screen_text(pilot))


async def test_a_probe_marked_on_home_is_shown(runs_dir: Path) -> None:
    """What was asked for by name is not hidden."""
    write_searched_study(runs_dir)
    async with opened(runs_dir) as pilot:
        await pilot.press("enter", *["down"] * 4, "space")
        await until(pilot, lambda: "▸" in screen_text(pilot))
        await _compare(pilot, "5 of 5 runs of cells, 1 marked · P shows 2 low-fidelity runs", "○ ")


async def test_the_outcome_of_the_study_s_search_stands_below_the_table(runs_dir: Path) -> None:
    """Studies without a search have no such line."""
    write_searched_study(runs_dir)
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await _compare(pilot, "Prune: density 0.1 has 89.5 % accuracy on val, bound 88.0 %")
    shutil.rmtree(runs_dir / "cells")
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await _compare(pilot, "5 of 5 runs")
        assert "bound" not in screen_text(pilot)


def test_probes_are_on_no_front_and_on_no_line(runs_dir: Path) -> None:
    """They are dots with a name of their own; what beats a probe is not what makes the front."""
    write_searched_study(runs_dir)
    entries, _ = read_run_records(all_runs(runs_dir))
    runs = chart_runs(entries)
    plot, _ = pareto(FigureData(runs))
    low_fidelity = {run.mark.letter for run in runs if run.entry.is_probe}
    assert len(low_fidelity) == len(PROBES)
    assert low_fidelity <= {series.letter for series in plot.series}
    assert not low_fidelity & set(plot.remark.removeprefix("front: ").split(", "))
    (by_density,) = metric_by_density(FigureData(runs))
    lines = {series.label: series for series in by_density.series if series.stroke == "faint"}
    assert [x for x, _ in lines["Prune"].points] == [0.1, 0.1]
    rings = {series.letter for series in by_density.series if series.is_hollow}
    assert rings == low_fidelity


def test_fronts_are_chosen_on_val_and_drawn_on_test(runs_dir: Path) -> None:
    """The run that is best on test alone is on no front."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    entries, _ = read_run_records(all_runs(runs_dir))
    cells = {entry.folder.name: entry for entry in entries}
    chosen, other = cells["prune-0.1"], cells["prune-0.1-s1"]
    planted = [
        _with_accuracy(entry, val, test)
        for entry, val, test in ((chosen, 0.9, 0.5), (other, 0.4, 0.8))
    ]
    runs = chart_runs(planted)
    plot, _ = pareto(FigureData(runs))
    assert plot.remark == f"front: {runs[0].mark.letter}, chosen on val"
    assert [each.points[0][1] for each in plot.series] == [50.0, 80.0]


def _with_accuracy(entry: RunRecord, val: float, test: float) -> RunRecord:
    """Return a run with other accuracies and the same size."""
    result = entry.result
    splits = {
        name: msgspec.structs.replace(split, metrics=split.metrics | {"accuracy": value})
        for name, split, value in (("val", result.val, val), ("test", result.test, test))
    }
    size = msgspec.structs.replace(result.size, bytes_packed=1_000_000)
    return RunRecord(entry.folder, msgspec.structs.replace(result, size=size, **splits))


def test_marks_keep_letter_and_colour() -> None:
    """They are the runs' own, whichever were marked first; other studies have their number."""
    names = [f"run-{number}" for number in range(8)]
    known = {**identify_study("study", names), **identify_study("other", ["run"])}
    marks = Marks(known)
    for name in reversed(names):
        marks.add(f"study/{name}")
    assert {mark.key: mark.letter for mark in marks} == {
        f"study/{name}": letter for name, letter in zip(names, "ABCDEFGH", strict=True)
    }
    assert len({mark.tint for mark in marks}) == 8
    before = marks.of("study/run-5")
    marks.toggle("study/run-2")
    marks.add("other/run")
    assert marks.of("study/run-5") == before
    assert marks.of("other/run").letter == "A2"


def test_two_hundred_curves_have_letters_and_share_colours() -> None:
    """More runs than letters or colours are drawn all the same."""
    series = tuple(
        Series(f"run {number}", tuple((x, number + x) for x in range(5))) for number in range(200)
    )
    plot, style = Plot("many", series), ChartStyle(DARK)
    assert "Z" in draw(plot, 100, 20, style).plain
    assert f"{place_letter(199)} run 199" in legend_of(plot, style).plain
    assert (place_letter(25), place_letter(26)) == ("Z", "AA")


async def test_the_filter_keeps_the_study_it_was_opened_for(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escape restores it; Down recalls a named filter, whose text can be read."""
    copy_recorded(recorded, "elsewhere")
    path = tmp_path / "filters.json"
    monkeypatch.setattr("medtui.tui.compare.named_filters.filters_path", lambda: path)
    name_filter("small", "smaller>5")
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 of 5 runs of")
        await pilot.press("slash", "ctrl+u", *"prune")
        await until(pilot, lambda: "8 of 10 runs," in screen_text(pilot))
        await until(pilot, lambda: "  prune" in screen_text(pilot))
        await pilot.press("down")
        await until(pilot, lambda: "smaller>5" in screen_text(pilot).splitlines()[-2])
        await until(pilot, lambda: "4 of 10 runs," in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "5 of 5 runs of" in screen_text(pilot))


async def test_another_run_s_verdict_never_stands_below_its_name(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an analysis is computed the tab says so, as long as that takes."""
    gate, computed = threading.Event(), ComparisonLoader.subgroups_of
    gate.set()

    def wait(self: ComparisonLoader, entry: RunRecord, *rest: object) -> object:
        gate.wait(60)
        return computed(self, entry, *rest)

    monkeypatch.setattr(ComparisonLoader, "subgroups_of", wait)
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 marked")
        await pilot.press("7")
        await until(pilot, lambda: "answers that changed" in screen_text(pilot))
        gate.clear()
        await pilot.press("full_stop", "comma", "comma")
        await until(pilot, lambda: "computing" in screen_text(pilot))
        assert "By class and group" not in screen_text(pilot)
        gate.set()


async def test_the_table_is_copied_and_written(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`y` copies CSV, `w` `t` writes CSV and Markdown into the study's folder."""
    monkeypatch.setattr("medtui.tui.clipboard.copied_path", lambda: tmp_path / "copied.txt")
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot, "5 marked")
        await pilot.press("y", "w", "t")
        await until(pilot, lambda: "Wrote compared.csv and compared.md" in notices(pilot))
        written = recorded / "cells" / "exports"
        assert (tmp_path / "copied.txt").read_text().startswith("run,test accuracy,")
        assert (written / "compared.md").read_text().count("\n| cells/") == 5
        await pilot.press("x")
        await until(pilot, lambda: "Exported" in notices(pilot))
        assert not _exports_of_runs(recorded)
        svg = next(written.glob("change-of-*.svg")).read_text()
        assert re.search(r"points · cells\b", svg)
        assert "FilterPrune50 seed 1" in svg


def _exports_of_runs(runs_dir: Path) -> list[Path]:
    """Return the export folders of runs, rather than of their study."""
    return list(runs_dir.glob("cells/*/exports"))


async def test_a_screen_below_another_one_comes_to_rest(recorded: Path) -> None:
    """Its footer is not drawn: one that has changed is asked for once, and not for ever."""
    async with opened(recorded) as pilot:
        bar = pilot.app.screen.query_one(KeyBar)
        await _compare(pilot, "5 marked")
        assert bar.screen is not pilot.app.screen
        bar._line = Text("another line")
        bar.show_keys()
        kept = bar._line
        assert kept.plain != "another line"
        bar.show_keys()
        assert bar._line is kept
