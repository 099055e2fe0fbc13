"""Changes of a draft: undone, edited as text, and what they cost."""

from pathlib import Path

from medtui.preset import load_preset
from medtui.protocol.preflight import Estimate
from medtui.tui.editor.compress_screen import CompressScreen
from medtui.tui.editor.document import document_from
from medtui.tui.editor.estimate_panel import estimate_lines
from medtui.tui.editor.scheme_table import SchemeTable
from medtui.tui.editor.state import EditorState
from tests.helpers.tui_pilot import opened, screen_text, until


def test_typing_is_undone_at_once_and_keys_one_by_one() -> None:
    """Letters of one field are one change; another field is another."""
    editor = EditorState(document_from("demo"))
    first = editor.document.text
    for steps in (1, 12, 123):
        editor.set("lc", "steps", steps)
    second = editor.document.text
    editor.set("lc", "cycles", 3)
    assert editor.undo()
    assert editor.document.text == second
    assert editor.undo()
    assert editor.document.text == first
    assert not editor.undo()


def test_an_estimate_has_the_same_lines_before_and_after() -> None:
    """The time first; what is not known yet is a dash."""
    preset = load_preset("demo")
    assert list(estimate_lines(preset, None)) == ["— not measured yet", "6 runs"]
    estimate = Estimate("cpu", 2, 60.0, 30.0, 190.0, 2**30, load=1.5, cores=2)
    assert list(estimate_lines(preset, estimate)) == [
        "about 3 min",
        "6 runs, 2 at once",
        "reference 1 min 00 s, each run 30 s",
        "at most 1 GiB of disk",
        "measured at load 1.5 on 2 cores",
    ]


async def test_the_text_is_edited_with_its_problems_below(runs_dir: Path) -> None:
    """Escape takes the text over, `u` on the screen before undoes it."""
    async with opened(runs_dir) as pilot:
        editor = EditorState(document_from("demo"))
        await pilot.app.push_screen(CompressScreen(editor))
        screen = pilot.app.screen
        await until(pilot, lambda: screen.query_one(SchemeTable).has_focus)
        before = editor.document.text
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await until(pilot, lambda: "No problems" in screen_text(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "line 1  not valid TOML" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert editor.document.text == f"x{before}"
        await pilot.press("u")
        await until(pilot, lambda: editor.document.text == before)
