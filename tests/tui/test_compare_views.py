"""Compare: what is pinned, marked and ordered, from one view of a study to the next."""

import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from medtui.tui.compare.model import ComparisonLoader
from medtui.tui.compare.state import CompareState
from medtui.tui.compare.table import CompareTable
from tests.helpers.paths import RECORDED
from tests.helpers.tui_pilot import opened, screen_text, until


@pytest.fixture
def recorded(runs_dir: Path) -> Path:
    """Put the recorded cells into the runs folder."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    return runs_dir


async def _compare(pilot: Pilot[None]) -> None:
    await pilot.press("c")
    await until(pilot, lambda: "5 of 5 runs of cells" in screen_text(pilot))


async def test_a_pin_and_an_order_are_kept_when_compare_is_left(recorded: Path) -> None:
    """`b` and `c` again show the same baseline, until it is unpinned."""
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot)
        table = pilot.app.screen.query_one(CompareTable)
        table.select("cells/prune-0.1")
        await pilot.press("p")
        await until(pilot, lambda: "against Prune 0.1" in screen_text(pilot))
        await pilot.press("b", "c")
        await until(pilot, lambda: "against Prune 0.1" in screen_text(pilot))
        pilot.app.screen.query_one(CompareTable).select("cells/prune-0.1")
        await pilot.press("p", "b", "c")
        await until(pilot, lambda: "against ◇ reference" in screen_text(pilot))


@pytest.mark.parametrize("tab", ["7", "8"])
async def test_a_tab_about_one_run_leaves_the_pinned_one(recorded: Path, tab: str) -> None:
    """About the baseline itself there is nothing to see."""
    async with opened(recorded, size=(120, 40)) as pilot:
        await _compare(pilot)
        pilot.app.screen.query_one(CompareTable).select("cells/prune-0.1")
        await pilot.press("p", tab)
        words = "Patients, % right" if tab == "7" else "alibration"
        await until(pilot, lambda: words in screen_text(pilot))
        table = pilot.app.screen.query_one(CompareTable)
        assert table.selected_run not in {None, "cells/prune-0.1"}
        await until(pilot, lambda: "computing" not in screen_text(pilot))
        assert "the others are compared with it" not in screen_text(pilot)


async def test_runs_that_are_not_marked_have_changes_too(recorded: Path) -> None:
    """A dash means that a run has no baseline, and nothing else."""
    async with opened(recorded, size=(160, 50)) as pilot:
        await pilot.press("enter", "down", "space")
        await _compare(pilot)
        await until(pilot, lambda: "1 marked" in screen_text(pilot))
        await until(pilot, lambda: screen_text(pilot).count("[n < 9]") >= 4)


def test_the_order_of_a_former_view_holds_for_its_runs(recorded: Path) -> None:
    """Columns and order are taken over, and runs stand in that order at once."""
    state = CompareState()
    state.take(ComparisonLoader(recorded).load())
    state.order_by("accuracy")
    names = [entry.folder.name for entry in state.shown]
    state.toggle_pin(state.shown[2].key)
    again = CompareState(state.view.options, (), state.view.pin)
    again.take(ComparisonLoader(recorded).load())
    assert [entry.folder.name for entry in again.shown] == names
    assert again.pinned_key == state.pinned_key
