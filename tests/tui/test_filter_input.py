"""The line behind `/`: what one types can be read while one types it."""

import shutil
from pathlib import Path

import pytest

from medtui.tui.widgets.filter_input import FilterInput
from tests.helpers.paths import RECORDED
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import open_live_run, opened, screen_text, until

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)])


async def _type_and_read(pilot) -> None:
    """Type letter by letter; each stands on the screen at once, in one line."""
    line = pilot.app.screen.query_one(FilterInput)
    await pilot.press("slash")
    await until(pilot, lambda: line.has_focus)
    line.value = ""
    for typed in ("z", "zq", "zqx"):
        await pilot.press(typed[-1])
        await until(pilot, lambda typed=typed: line.value == typed)
        await pilot.pause()
        row = screen_text(pilot).splitlines()[line.region.y]
        assert row.strip().startswith(typed)
        assert line.region.height == 1


@SIZES
async def test_home(runs_dir: Path, showcase: list[RecordedStudy], size: tuple[int, int]) -> None:
    """Over the list of studies."""
    async with opened(runs_dir, size=size) as pilot:
        await _type_and_read(pilot)


@SIZES
async def test_run(runs_dir: Path, showcase: list[RecordedStudy], size: tuple[int, int]) -> None:
    """Over the log."""
    async with opened(runs_dir, size=size) as pilot:
        await open_live_run(pilot)
        await _type_and_read(pilot)


@SIZES
async def test_compare(runs_dir: Path, size: tuple[int, int]) -> None:
    """Over the runs that are compared; the filter that is in place is there to be changed."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    async with opened(runs_dir, size=size) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: "5 of 5 runs" in screen_text(pilot))
        await _type_and_read(pilot)


@SIZES
async def test_home_takes_the_filters_of_compare(
    runs_dir: Path, showcase: list[RecordedStudy], size: tuple[int, int]
) -> None:
    """The title says how many studies match, or what is wrong; the filter stays in view."""
    async with opened(runs_dir, size=size) as pilot:
        line = pilot.app.screen.query_one(FilterInput)
        title = lambda: screen_text(pilot).splitlines()[0]  # noqa: E731 - read again and again
        await pilot.press("slash")
        for expression, words in (
            ("scheme=Prune NOT malaria", "1 study with scheme=Prune NOT"),
            ("demo OR state=running", "2 studies with demo OR"),
            ("acc>", "The filter `accuracy>` needs a"),
            ("colour=red", "Studies have no column"),
        ):
            line.value = expression
            await until(pilot, lambda words=words: words in title())
        line.value = "demo"
        await pilot.press("enter")
        await until(pilot, lambda: "1 study with demo" in title() and not line.display)
        assert "demo" in screen_text(pilot).partition("\n")[2]
        await pilot.press("slash", "escape")
        await until(pilot, lambda: "3 studies" in title())
