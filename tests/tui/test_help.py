"""Help: keys, words and states, and the field that one is in."""

from pathlib import Path

import pytest
from textual.widgets import Input

from medtui.tui.key_grammar import ROWS
from medtui.tui.screens.help import HelpScreen, own_bindings
from medtui.tui.screens.help_words import SIGNS, STATES, WORDS
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import opened, screen_text, until


@pytest.mark.parametrize(
    "word",
    ["packed", "half bytes", "smaller", "shrinks", "guard", "control", "reference", "margin",
     "non-inferior", "not shown", "low-fidelity", "budget B", "density", "collapsed"],
)  # fmt: skip
def test_words_of_screens_are_explained(word: str) -> None:
    """Each is a word of its own, or within the meaning of one."""
    assert any(word in f"{term} {meaning}" for term, meaning in WORDS)


def test_every_state_and_key_is_there() -> None:
    """A mark that a screen shows has its line."""
    marks = " ".join(term for term, _ in (*STATES, *SIGNS))
    for mark in "●✓■✗?◍·★▪○╌┈◇◆~⚠":
        assert mark in marks
    assert {row.kind for row in ROWS} == {"everywhere", "studies", "charts"}


async def test_a_word_is_looked_up(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """Only the lines that hold it stay; Escape shows all again, and then closes."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: "Keys everywhere" in screen_text(pilot))
        await until(pilot, lambda: "Keys of this screen" in screen_text(pilot))
        await pilot.press("slash", *"packed")
        await until(pilot, lambda: "sparse size" in screen_text(pilot))
        assert "Keys everywhere" not in screen_text(pilot)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: "Keys everywhere" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, HelpScreen))


async def test_a_field_is_explained_first_and_the_screens_keys_are_all_there(
    runs_dir: Path,
) -> None:
    """F1 in a field: the field, and the keys that the field takes as letters."""
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "preset" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "1 Data" in screen_text(pilot))
        while not isinstance(pilot.app.focused, Input):
            await pilot.press("tab")
        names = {active.binding.id for active in own_bindings(pilot.app.screen)}
        assert {"go", "write", "back", "quit", "check"} <= names
        await pilot.press("f1")
        await until(pilot, lambda: "Field data." in screen_text(pilot))
        await until(pilot, lambda: "Continue with schemes" in screen_text(pilot))


async def test_a_terminal_that_is_too_small_says_so(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """And shows the screen again when it is larger."""
    async with opened(runs_dir, size=(39, 11)) as pilot:
        await until(pilot, lambda: "too small: 39x11; needs 40x12" in screen_text(pilot))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "q Quit" in screen_text(pilot))
        assert "too small" not in screen_text(pilot)


async def test_a_small_terminal_shows_screens(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The smallest one that is supported, and what a narrow pane of tmux has."""
    async with opened(runs_dir, size=(40, 12)) as pilot:
        await until(pilot, lambda: "malaria" in screen_text(pilot))
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "q Quit" in screen_text(pilot))
        assert "too small" not in screen_text(pilot)
