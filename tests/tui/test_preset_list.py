"""The list of presets, and the problems of a broken one."""

import os
import threading
from pathlib import Path

import pytest

from medtui.charts.palette import DARK
from medtui.jobs.measured_estimates import find_estimate, keep_estimate
from medtui.preset import load_preset
from medtui.protocol.preflight import Estimate
from medtui.tui.editor import preset_list
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.new_study_screen import PresetTable
from medtui.tui.editor.path_completion import complete
from medtui.tui.editor.preset_list import (
    PresetEntry,
    PresetReader,
    describe_entry,
    read_entry,
    with_surroundings,
)
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
    entry = with_surroundings(read_entry("demo"))
    assert entry.is_ready
    assert (entry.num_runs, entry.data) == ("6", "included")
    assert "schemes    Prune, PruneQuantize16, FilterPrune90" in describe_entry(entry)


def test_images_that_are_not_there_are_told(tmp_path: Path) -> None:
    """A preset without its images is listed, and cannot start."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema = 2\nname = "mine"\n[data]\ncard = "malaria"\nroot = "/nowhere"\n', encoding="utf-8"
    )
    entry = with_surroundings(read_entry(str(path)))
    assert entry.preset is not None
    assert not entry.is_ready
    assert entry.data_text == "not found"
    assert "/nowhere" in describe_entry(entry)


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
    local = [entry.name for entry in PresetReader(tmp_path).read() if entry.name.startswith("./")]
    assert local == ["./mine.toml"]


def test_files_are_read_again_when_they_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not each time that the list is shown again."""
    path = tmp_path / "mine.toml"
    path.write_text('schema = 2\nname = "mine"\n[data]\ncard = "demo"\n', encoding="utf-8")
    os.utime(path, ns=(0, 1_000_000_000))
    reads = list[str]()

    def read(name: str) -> PresetEntry:
        reads.append(name)
        return read_entry(name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(preset_list, "preset_names", lambda: ["demo"])
    monkeypatch.setattr(preset_list, "read_entry", read)
    reader = PresetReader(tmp_path)
    assert [entry.name for entry in reader.read()] == ["demo", "./mine.toml"]
    reader.read()
    assert reads == ["demo", "./mine.toml"]
    path.write_text(BROKEN, encoding="utf-8")
    assert reader.read()[1].problems
    assert reads == ["demo", "./mine.toml", "./mine.toml"]


def test_a_path_is_completed(tmp_path: Path) -> None:
    """With the first folder or TOML file that begins with it; text that is no path is not."""
    (tmp_path / "ward").mkdir()
    (tmp_path / "ward" / "b.toml").write_text("", encoding="utf-8")
    (tmp_path / "ward" / "a.txt").write_text("", encoding="utf-8")
    assert complete(f"{tmp_path}/w") == f"{tmp_path}/ward/"
    assert complete(f"{tmp_path}/ward/") == f"{tmp_path}/ward/b.toml"
    assert complete(f"{tmp_path}/x") is None
    assert complete(f"{tmp_path}/none/x") is None


async def test_presets_are_found_by_a_part_of_their_name(runs_dir: Path) -> None:
    """Escape shows all of them again; a text that none has is opened as a path."""
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "✓ demo" in screen_text(pilot))
        await until(pilot, lambda: "/ Find or path" in screen_text(pilot).splitlines()[-1])
        await pilot.press("slash", *"fig09")
        await until(pilot, lambda: "2 of" in screen_text(pilot))
        assert "✓ demo" not in screen_text(pilot)
        await pilot.press("enter")
        assert pilot.app.screen.focused is pilot.app.screen.query_one(PresetTable)
        await pilot.press("escape")
        await until(pilot, lambda: "✓ demo" in screen_text(pilot))
        await pilot.press("slash", *"xyz")
        await until(pilot, lambda: "Enter opens it as the path of a file" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "xyz: no preset and no file" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "✓ demo" in screen_text(pilot))


async def test_the_footer_has_the_keys_in_the_order_of_the_screen(runs_dir: Path) -> None:
    """Tab, which Textual binds on every screen, does not come before what is done here."""
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "✓ demo" in screen_text(pilot))
        foot = screen_text(pilot).splitlines()[-1]
    words = ("⏎ Set up", "g Start now", "+ Empty", "/ Find or path", "b Back", "? Help")
    places = [foot.find(each) for each in words]
    assert -1 not in places
    assert places == sorted(places)


async def test_an_empty_draft_asks_for_its_data(runs_dir: Path) -> None:
    """`+` begins without a preset; the field that is missing gets the focus."""
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "+ Empty" in screen_text(pilot).splitlines()[-1])
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await pilot.press("g")
        await until(pilot, lambda: pilot.app.screen.focused is not None)
        assert pilot.app.screen.focused.parent.id == "data-card"  # type: ignore[union-attr]
        await until(pilot, lambda: "card is missing. A" in screen_text(pilot))
        foot = screen_text(pilot).splitlines()[-1]
        assert ("tab Field" in foot, "esc Leave field" in foot, "F1 Help" in foot) == (True,) * 3


@pytest.mark.parametrize(
    ("key", "typed", "shown"),
    [("g", "", "Start demo"), ("slash", "fig", "with 'fig'")],
    ids=["start", "filter"],
)
async def test_keys_before_the_presets_are_read_are_kept(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch, key: str, typed: str, shown: str
) -> None:
    """`n` `g` typed at once asks how to start the first preset; an open filter keeps the keys."""
    may_read = threading.Event()
    read = PresetReader.read
    monkeypatch.setattr(PresetReader, "read", lambda each: (may_read.wait(30), read(each))[1])
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "Presets: reading" in screen_text(pilot))
        await pilot.press(key)
        may_read.set()
        await until(pilot, lambda: "Presets: reading" not in screen_text(pilot))
        await pilot.press(*typed)
        await until(pilot, lambda: shown in screen_text(pilot))


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
        await until(pilot, lambda: " off " in screen_text(pilot))
        await pilot.press("enter", "up", "enter")
        await until(pilot, lambda: editor.document.value("compress", "guard") == "on")


@pytest.mark.parametrize("key", ["g", "enter"])
async def test_keys_on_a_broken_preset_say_why_nothing_happens(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Its errors stand in the description; the screen stays."""
    (tmp_path / "broken.toml").write_text(BROKEN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "✓ demo" in screen_text(pilot))
        screen = pilot.app.screen
        await pilot.press("slash", *"broken", "enter")
        await until(pilot, lambda: "2 problems" in screen_text(pilot))
        await pilot.press(key)
        await until(pilot, lambda: "Its file has errors" in screen_text(pilot))
        assert pilot.app.screen is screen
