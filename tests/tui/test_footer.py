"""The footer: keys, how many more there are, and messages that cover nothing."""

from pathlib import Path

import pytest

from medtui.tui.compare.bindings import COMPARE_BINDINGS
from medtui.tui.screens.run import RunScreen
from medtui.tui.widgets.key_bar import BarKey, fit_keys
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import notices, opened, screen_text, until

KEYS = [BarKey(name, "a long word", name) for name in "abcde"] + [
    BarKey("?", "Help", "?", is_kept=True, name="help"),
    BarKey("q", "Quit", "q", is_kept=True),
]


def _line(width: int) -> str:
    return "  ".join(f"{key.before}{key.display} {key.label}" for key in fit_keys(KEYS, width))


def test_keys_that_do_not_fit_are_counted_before_the_key_that_lists_them() -> None:
    """The line is never wider than the terminal; where all fit, nothing is counted."""
    assert _line(200).endswith("e a long word  ? Help  q Quit")
    assert _line(80).endswith("c a long word  2 more: ? Help  q Quit")
    assert _line(40) == "a a long word  4 more: ? Help  q Quit"
    assert all(len(_line(width)) <= width for width in range(22, 120))
    assert _line(18) == "? Help  q Quit"


async def test_more_keys_are_announced_at_80_columns_and_not_at_200(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Home has more keys than 80 columns hold."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await until(pilot, lambda: "more: ? Help  q Quit" in screen_text(pilot).splitlines()[-1])
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: "o Order" in screen_text(pilot).splitlines()[-1])


@pytest.mark.parametrize(("width", "is_there"), [(80, False), (120, True)])
async def test_runs_on_other_data_are_in_the_footer_of_run_that_has_room(
    runs_dir: Path, showcase: list[RecordedStudy], width: int, *, is_there: bool
) -> None:
    """From 120 columns on; in a narrower terminal Help has the key."""
    async with opened(runs_dir, size=(width, 40)) as pilot:
        await pilot.app.push_screen(RunScreen("demo/prune-0.1"))
        await until(pilot, lambda: "✓ finished" in screen_text(pilot).splitlines()[0])
        await until(pilot, lambda: "s Stop" not in screen_text(pilot).splitlines()[-1])
        assert ("E Other data" in screen_text(pilot).splitlines()[-1]) == is_there


def test_runs_on_other_data_are_in_the_footer_of_compare_that_has_room() -> None:
    """Its other keys come first."""
    shown = [each for each in COMPARE_BINDINGS if each.show]
    keys = [BarKey(each.key_display or each.key, each.description, each.key, name=each.id or "")
            for each in shown]  # fmt: skip
    assert "sites" in [each.name for each in fit_keys(keys, 158)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_message_stands_in_the_footer_and_in_help(
    runs_dir: Path, showcase: list[RecordedStudy], size: tuple[int, int]
) -> None:
    """No cell of the screen above is covered; what is too long for the footer is a notice."""
    async with opened(runs_dir, size=size) as pilot:
        before = screen_text(pilot).splitlines()
        pilot.app.notify("Copied 3 rows.")
        await until(pilot, lambda: "Copied 3 rows." in screen_text(pilot).splitlines()[-1])
        assert screen_text(pilot).splitlines()[:-1] == before[:-1]
        too_long = f"{'long ' * 30}message"
        pilot.app.notify(too_long)
        assert too_long in notices(pilot)
        await until(pilot, lambda: too_long in {each.message for each in pilot.app._notifications})
        assert "long" not in screen_text(pilot).splitlines()[-1]
        await pilot.press("question_mark", "slash", *"copied")
        await until(pilot, lambda: "Latest messages" in screen_text(pilot))
        await until(pilot, lambda: "Copied 3 rows." in screen_text(pilot))


async def test_a_refusal_ends_with_the_next_key_and_what_was_done_does_not(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The keys come back as soon as they are needed."""
    async with opened(runs_dir) as pilot:
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "Nothing to close" in screen_text(pilot).splitlines()[-1])
        await pilot.press("down")
        await until(pilot, lambda: "Nothing to close" not in screen_text(pilot))
        pilot.app.notify("Copied 3 rows.")
        await pilot.press("up")
        await pilot.pause()
        await until(pilot, lambda: "Copied 3 rows." in screen_text(pilot).splitlines()[-1])
