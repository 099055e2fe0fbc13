"""Names, notes, logs and files of others never steer the terminal of the application."""

import os
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.pilot import Pilot

from medtui.tui.app import MedtuiApp
from medtui.tui.control_filter import ControlFilter
from medtui.tui.widgets.study_list import RunTable
from tests.helpers.hostile_study import (
    FAILED_RUN,
    PAYLOAD,
    controls_in,
    write_hostile_images,
    write_hostile_study,
)
from tests.helpers.pseudo_terminal import Terminal
from tests.helpers.tui_pilot import opened, screen_text, until

VISIBLE = "\\u001b]52;"

SIZES = [(80, 24), (120, 40)]


def assert_clean(pilot: Pilot[None]) -> None:
    """Nothing on the screen steers, and every line is as wide as the screen."""
    text = screen_text(pilot)
    assert controls_in(text) == set()
    assert {cell_len(line) for line in text.splitlines()} == {pilot.app.size.width}


def test_an_escape_takes_the_blanks_to_its_right() -> None:
    """What stands after them, like a border, stays in its place."""
    line = [Segment("│"), Segment("a\x1bb"), Segment("          "), Segment("│")]
    shown = ControlFilter().apply(line, Color(0, 0, 0))
    assert "".join(segment.text for segment in shown) == "│a\\u001bb    │"


def test_a_title_takes_the_border_to_its_right() -> None:
    """The corner stays in its place."""
    line = [Segment("╭─ "), Segment("a\x1bb"), Segment(" ────────"), Segment("╮")]
    shown = ControlFilter().apply(line, Color(0, 0, 0))
    assert "".join(segment.text for segment in shown) == "╭─ a\\u001bb ──╮"


def test_a_text_without_blanks_is_cut_and_its_neighbours_stay() -> None:
    """Numbers in the next cell neither move nor vanish; a byte that is not UTF-8 has a cell."""
    line = [Segment("│"), Segment("abc\x1bdefghijk\udcff"), Segment("   "), Segment("12 %   │")]
    shown = ControlFilter().apply(line, Color(0, 0, 0))
    assert "".join(segment.text for segment in shown) == "│abc\\u001bdefgh 12 %   │"


def test_what_textual_itself_writes_passes() -> None:
    """Segments of control codes are no text."""
    line = [Segment("\x1b[2J", None, [(1,)]), Segment("plain")]
    assert ControlFilter().apply(line, Color(0, 0, 0)) == line


@pytest.mark.parametrize("size", SIZES)
async def test_home_run_and_compare_show_payloads_as_text(
    runs_dir: Path, size: tuple[int, int]
) -> None:
    """The study's name, note, log, runs, classes and images, on every tab of Compare."""
    study = write_hostile_study(runs_dir)
    async with opened(runs_dir, size=size) as pilot:
        await until(pilot, lambda: VISIBLE in screen_text(pilot))
        assert_clean(pilot)
        pilot.app.open_run(f"{study.name}/{FAILED_RUN}")
        await until(pilot, lambda: f"failed {VISIBLE}" in screen_text(pilot))
        for _ in range(5):
            await pilot.press("tab")
            assert_clean(pilot)
        await pilot.press("b")
        pilot.app.screen.query_one(RunTable).focus()
        await pilot.press(*["space", "down"] * 6, "c")
        await until(pilot, lambda: "5 of 5 runs" in screen_text(pilot))
        for tab in "12345678":
            await pilot.press(tab)
            await until(pilot, lambda: all(each.is_finished for each in pilot.app.workers))
            await pilot.pause()
            assert_clean(pilot)
            await pilot.press(tab)
            await until(pilot, lambda: all(each.is_finished for each in pilot.app.workers))
            await pilot.pause()
            assert_clean(pilot)


async def test_data_shows_payloads_as_text(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Class folders and damaged images of a data set that was downloaded."""
    _write_preset(tmp_path, monkeypatch)
    async with opened(runs_dir) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: "hostile.toml" in screen_text(pilot))
        await pilot.press("ctrl+end", "enter")
        await until(pilot, lambda: VISIBLE in screen_text(pilot))
        await pilot.press("f2")
        assert_clean(pilot)


async def test_a_notice_shows_payloads_as_text(runs_dir: Path) -> None:
    """What a person is told may hold a path or a name of others."""
    app = MedtuiApp(runs_dir)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        app.notify(f"told {PAYLOAD}", markup=False)
        await until(pilot, lambda: "told" in screen_text(pilot))
        assert_clean(pilot)


def test_no_payload_reaches_the_terminal(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real terminal gets no byte of them on Home, Run, Compare and Data."""
    write_hostile_study(runs_dir)
    _write_preset(tmp_path, monkeypatch)
    terminal = Terminal(runs_dir)
    terminal.read_until(VISIBLE.encode())
    for keys, wanted in (
        (b"\r", b"1 acc"),
        (b"b", b"Home"),
        (b"c", b"5 of 5 runs"),
        (b"7", b"By class"),
        (b"b", b"Home"),
        (b"n", b"start from a preset"),
        (b"\x1b[1;5F", b"hostile.toml"),
        (b"\r", VISIBLE.encode()),
    ):
        _press_until(terminal, keys, wanted)
    terminal.press(b"\x11")
    terminal.read_until(b"\x1b[?1049l")  # the alternate screen is left; nothing may be left unread
    terminal.wait()
    os.close(terminal.master)
    written = terminal.output.decode()
    titles = set(re.findall("\x1b\\][02];([^\x07\x1b]*)", written))
    assert titles <= {"medtui", ""}
    assert "\x1b]52" not in written
    assert not re.search("[\x80-\x9f\u202a-\u202e\u2066-\u2069\x7f]", written)


def _press_until(terminal: Terminal, keys: bytes, wanted: bytes) -> None:
    """Press keys, again where the screen was not ready for them, until something is written."""
    since = len(terminal.output)
    for _ in range(30):
        terminal.press(keys)
        terminal.read_for(1)
        if wanted in terminal.output[since:]:
            return
    raise AssertionError(f"{keys!r} never led to {wanted!r}: {terminal.output[-2000:]!r}")


def _write_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder with a preset that reads hostile images the working folder."""
    root = write_hostile_images(tmp_path / "images")
    (tmp_path / "hostile.toml").write_text(
        f'name = "hostile"\n[data]\ncard = "folders"\nroot = "{root}"\nsplit = "image"\n'
        '[compress]\nschemes = ["Prune"]\ndensities = [0.1]\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
