"""Marks, counts and meanings that screens explain where they are shown."""

from pathlib import Path

import pytest
from rich.console import Console

from medtui.analysis.table import Table
from medtui.charts.palette import DARK
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.document import document_from
from medtui.tui.editor.meaning import whole_parts
from medtui.tui.editor.preset_list import PresetEntry, read_entry
from medtui.tui.editor.preset_table import legend_of
from medtui.tui.editor.scheme_table import chosen_text
from medtui.tui.editor.state import EditorState
from medtui.tui.screens.help import HelpScreen
from medtui.tui.status_text import study_text
from medtui.tui.widgets.table_view import draw_table
from tests.helpers.tui_pilot import opened, screen_text, until


def test_the_mark_of_presets_without_images_is_explained() -> None:
    """And nothing where each can start."""
    demo = read_entry("demo")
    missing = PresetEntry("x", "", demo.preset, data_problem="no images")
    assert not legend_of([demo], DARK)
    assert legend_of([demo, missing], DARK).plain == "✗ images not found"
    assert legend_of([PresetEntry("y", "")], DARK).plain == "✗ error in the file"


@pytest.mark.parametrize(
    ("first", "shown", "text"),
    [
        (0, 5, "3 of 5 chosen"),
        (0, 2, "3 of 5 chosen, 2 below"),
        (2, 2, "3 of 5 chosen, 1 above, 1 below"),
        (0, 0, "3 of 5 chosen"),
    ],
)
def test_chosen_schemes_out_of_view_are_counted(first: int, shown: int, text: str) -> None:
    """Before the table has a size, none is out of view."""
    assert chosen_text([True, False, True, False, True], first, shown) == text


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Shares of weights (or filters) to keep.", 26, "Shares of weights"),
        ("true · false: Whether a control is trained.", 26, "true · false"),
        ("Seeds of data order and start.", 26, ""),
        ("Seed of the split.", 26, "Seed of the split."),
        ("[search]  The best density whose val metric stays", 30, "[search]"),
    ],
)
def test_a_meaning_is_cut_at_a_whole_part(text: str, width: int, shown: str) -> None:
    """Never within a word or a clause."""
    assert whole_parts(text, width) == shown


@pytest.mark.parametrize(
    ("most", "shown"), [(None, "malaria-first ▸ "), (12, "malaria-… ▸ "), (7, "")]
)
def test_the_study_is_named_as_far_as_there_is_room(most: int | None, shown: str) -> None:
    """A name of few letters says nothing."""
    assert study_text("malaria-first", most, DARK).plain == shown


def test_a_header_takes_two_lines_at_most() -> None:
    """The title of a run has four words."""
    titles = ("Prune 0.1 seed 0", "FPrune50 seed 0")
    sheet = Table("T", ("setting", *titles), (("seeds", "0", "1"),), num_keys=1)
    console = Console(width=30)
    with console.capture() as capture:
        for part in draw_table(sheet, 30, DARK):
            console.print(part)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert len(lines) == 1 + 2 + 1
    assert "Prune 0.1" in lines[1]


async def test_help_has_one_row_for_the_palette_and_no_key_named_not_now(runs_dir: Path) -> None:
    """An action without a key stands with the palette's; a refusal stands behind the meaning."""
    async with opened(runs_dir, size=(120, 60)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "what it does" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "1 Data" in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: "search  kind" in screen_text(pilot))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        screen = pilot.app.screen
        assert isinstance(screen, HelpScreen)
        rows = screen._own_keys()
    assert [meaning for key, meaning in rows if key == "^p"] == [
        "Open the command palette; also: move to the search for a density, or enable it"
    ]
    assert dict(rows)["u"].endswith("preset (not now: there is no change to undo)")
    assert "not now" not in dict(rows)


async def test_fields_of_a_small_terminal_are_explained_and_the_splits_in_view(
    runs_dir: Path,
) -> None:
    """An empty field holds its meaning; the one with the focus is marked, and says it in full."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        screen = DataScreen(EditorState(document_from("demo")))
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: "train  " in screen_text(pilot))
        shown = screen_text(pilot)
        assert "tab goes to a field" in shown
        assert "Use at most this many images of each split" in shown
        assert "test  " in shown
        name = screen.query_one("#data-card .name")
        plain = name.background_colors[1]
        await pilot.press("tab")
        await until(pilot, lambda: "the path of a card.toml" in screen_text(pilot))
        await until(pilot, lambda: "tab goes to a field" not in screen_text(pilot))
        assert name.background_colors[1] != plain
