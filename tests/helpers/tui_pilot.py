"""Drive the application as a user does: the one module that reads Textual's private attributes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.snapshot import Snapshot
from medtui.tui.app import MedtuiApp
from medtui.tui.screens.home import HomeScreen
from medtui.tui.screens.snapshot_screen import SnapshotScreen

NUM_CHECKS = 800
"""How often `until` checks its condition, every 50 ms, before the test fails."""

NUM_EQUAL = 3
"""How many checks in a row must find the same screen before it is taken as settled."""
PILOT_PATIENCE_S = 180.0
"""Textual's own is 30 s, which a key press exceeds beside six busy processes on two cores."""


def wait_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Textual's pilot wait `PILOT_PATIENCE_S` for a screen to process its messages."""
    monkeypatch.setattr(Pilot._wait_for_screen, "__defaults__", (PILOT_PATIENCE_S,))


@asynccontextmanager
async def opened(
    runs_dir: Path, *, size: tuple[int, int] = (120, 40), is_ascii: bool = False
) -> AsyncIterator[Pilot[None]]:
    """Run the application until the block ends; the first snapshot has been shown."""
    app = MedtuiApp(runs_dir, is_ascii=is_ascii)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: getattr(app.screen, "snapshot", None) is not None)
        await pilot.pause(0)  # the screen was told, and is laid out now
        yield pilot


async def until(pilot: Pilot[None], is_so: Callable[[], bool]) -> None:
    """Wait for a condition."""
    for _ in range(NUM_CHECKS):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the condition did not hold in time\n" + screen_text(pilot))


async def open_live_run(pilot: Pilot[None]) -> None:
    """Go from Home to the live run's screen, and wait for it to be drawn."""
    while isinstance(pilot.app.screen, HomeScreen):
        await pilot.press("enter")
    await until(pilot, lambda: "cycle 31/45" in screen_text(pilot) and "┈" in screen_text(pilot))


def notices(pilot: Pilot[None]) -> str:
    """Return the latest messages of the application, in the footer or as notices."""
    assert isinstance(pilot.app, MedtuiApp)
    return "\n".join(pilot.app.notices.latest)


def screen_text(pilot: Pilot[None]) -> str:
    """Return the text on screen, line by line."""
    return "\n".join("".join(segment.text for segment in strip) for strip in screen_strips(pilot))


def screen_strips(pilot: Pilot[None]) -> list[Strip]:
    """Return what is on screen, line by line, with its styles."""
    screen = pilot.app.screen
    return list(screen._compositor.render_strips(screen.size))


async def settle(pilot: Pilot[None], runs_dir: Path) -> None:
    """Wait until the screen shows all that is on disk and nothing is left to be worked out.

    That is: the poller has read every log to its end, no worker runs, and several rounds of all
    message queues changed nothing on screen. Cursors in input fields stop blinking.
    """
    wanted = read_whole(runs_dir, _latest(pilot).wanted)
    seen: list[Strip] = []
    num_equal = 0
    for _ in range(NUM_CHECKS):
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause(0)
        is_working = any(not worker.is_finished for worker in pilot.app.workers)
        before, seen = seen, screen_strips(pilot)
        is_settled = not is_working and before == seen and _latest(pilot) == wanted
        num_equal = num_equal + 1 if is_settled else 0
        if num_equal == NUM_EQUAL:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the screen did not settle in time\n" + screen_text(pilot))


def read_whole(runs_dir: Path, wanted: str) -> Snapshot:
    """Return the snapshot of a runs folder whose logs are all read to their ends."""
    reader = FolderReader(runs_dir)
    reader.read(wanted, refresh_all=True)
    while reader.is_behind:
        reader.read_more()
    return reader.read(wanted, refresh_all=False)


def _latest(pilot: Pilot[None]) -> Snapshot:
    """Return the latest snapshot that the application was given."""
    (home, *_) = (screen for screen in pilot.app.screen_stack if isinstance(screen, SnapshotScreen))
    assert home.snapshot is not None
    return home.snapshot
