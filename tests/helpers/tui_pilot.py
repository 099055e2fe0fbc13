"""Drive the application as a user does: the one module that reads Textual's private attributes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from medtui.tui.app import MedtuiApp

NUM_CHECKS = 800
"""How often `until` checks its condition, every 50 ms, before the test fails."""


@asynccontextmanager
async def opened(
    runs_dir: Path, *, size: tuple[int, int] = (120, 40), is_ascii: bool = False
) -> AsyncIterator[Pilot[None]]:
    """Run the application until the block ends; the first snapshot has been shown."""
    app = MedtuiApp(runs_dir, is_ascii=is_ascii)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: getattr(app.screen, "snapshot", None) is not None)
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
    await pilot.press("enter", "enter")
    await until(pilot, lambda: "cycle 31/45" in screen_text(pilot) and "╌" in screen_text(pilot))


def notices(pilot: Pilot[None]) -> str:
    """Return the messages of the application's notifications."""
    return "\n".join(notice.message for notice in pilot.app._notifications)


def screen_text(pilot: Pilot[None]) -> str:
    """Return the text on screen, line by line."""
    screen = pilot.app.screen
    strips = screen._compositor.render_strips(screen.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)
