"""The list of presets, and the problems of a broken one."""

from pathlib import Path

import pytest

from medtui.charts.palette import DARK
from medtui.jobs.measured_estimates import find_estimate, keep_estimate
from medtui.preset import load_preset
from medtui.protocol.preflight import Estimate
from medtui.tui.editor.preset_list import describe_entry, list_presets, read_entry
from medtui.tui.editor.problem_text import problems_text
from medtui.tui.editor.scheme_table import SchemeTable
from medtui.tui.editor.state import EditorState
from medtui.units import format_estimate
from tests.helpers.tui_pilot import opened, screen_text, until

BROKEN = """schema = 2
name = "mine"
[data]
card = "demo"
[compress]
densities = [0.5, 0.1, 1.5]
[lc]
l_epocs = 1
"""


def test_a_packaged_preset_has_its_runs_and_its_images() -> None:
    """The reference, the control and the four compressions of the demo; its npz file is there."""
    entry = read_entry("demo")
    assert entry.is_ready
    assert (entry.num_runs, entry.data) == ("6", "included")
    assert "schemes    Prune, PruneQuantize16, FilterPrune70" in describe_entry(entry, None)


def test_images_that_are_not_there_are_told(tmp_path: Path) -> None:
    """A preset without its images is listed, and cannot start."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = 2\nname = "mine"\n[data]\ncard = "malaria"\nroot = "/nowhere"\n', encoding="utf-8"
    )
    entry = read_entry(str(path))
    assert entry.preset is not None
    assert not entry.is_ready
    assert entry.data_text == "not found"
    assert "/nowhere" in describe_entry(entry, None)


def test_a_broken_file_shows_every_problem_with_carets_below_the_value(tmp_path: Path) -> None:
    """The element of an array, and the unknown key."""
    path = tmp_path / "mine.toml"
    path.write_text(BROKEN, encoding="utf-8")
    entry = read_entry(str(path))
    assert entry.preset is None
    assert entry.about == "2 problems, the first on line 6"
    lines = problems_text(entry.problems, DARK).plain.splitlines()
    at = next(number for number, line in enumerate(lines) if "densities = [" in line)
    assert lines[at + 1].index("^") == lines[at].index("1.5")
    assert lines[at + 1].count("^") == len("1.5")
    at = lines.index("   8 │ l_epocs = 1")
    assert lines[at + 1] == "     │ ^^^^^^^"


def test_cards_and_project_files_are_no_presets(tmp_path: Path) -> None:
    """Only what may be a preset is listed from the current folder."""
    for name in ("pyproject.toml", "card.toml", "cells.card.toml", "mine.toml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    local = [entry.name for entry in list_presets(tmp_path) if entry.name.startswith("./")]
    assert local == ["./mine.toml"]


def test_an_estimate_is_kept_for_its_preset_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another name is the same study; other settings are not."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path))
    preset = load_preset("demo")
    estimate = Estimate("cpu", 1, 10.0, 20.0, 151.0, 1000)
    assert find_estimate(preset) is None
    keep_estimate(preset, estimate)
    assert find_estimate(preset.model_copy(update={"name": "other"})) == estimate
    longer = preset.lc.model_copy(update={"cycles": 9})
    assert find_estimate(preset.model_copy(update={"lc": longer})) is None
    for file in (tmp_path / "estimates").iterdir():
        file.write_bytes(b"{")
    assert find_estimate(preset) is None
    assert format_estimate(estimate.seconds_study) == "3 min"


async def test_words_turn_and_are_listed(runs_dir: Path) -> None:
    """The arrows turn a choice, Enter lists its words, and the document follows."""
    from medtui.tui.editor.compress_screen import CompressScreen
    from medtui.tui.editor.document import document_from

    async with opened(runs_dir) as pilot:
        editor = EditorState(document_from("demo"))
        await pilot.app.push_screen(CompressScreen(editor))
        await until(pilot, lambda: bool(pilot.app.screen.query(SchemeTable)))
        field = pilot.app.screen.query_one("#compress-guard ChoiceInput")
        field.focus()
        await pilot.press("right")
        await until(pilot, lambda: editor.document.value("compress", "guard") == "off")
        assert " off " in screen_text(pilot)
        await pilot.press("enter", "up", "enter")
        await until(pilot, lambda: editor.document.value("compress", "guard") == "on")
