"""Home: find, order, note, delete; settings and notices."""

import errno
import os
import shutil
import signal
from pathlib import Path

import pytest

from medtui.monitor.folder_reader import FolderReader
from medtui.monitor.study_order import choose_studies
from medtui.preset.toml import DocumentError
from medtui.runs.folder import StudyFolder
from medtui.runs.trash import move_to_trash
from medtui.tui.actions.messages import EmptyTrashRequested
from medtui.tui.app import MedtuiApp
from medtui.tui.clipboard import MAX_BYTES, copied_path, copy_text
from medtui.tui.editor.data_screen import DataScreen
from medtui.tui.editor.document import PresetDocument
from medtui.tui.screens.confirm import ConfirmDialog
from medtui.tui.screens.prompt import Prompt
from medtui.tui.settings import EXAMPLE, LookSettings, Settings, load_settings, settings_path
from medtui.tui.widgets.log_view import LogView
from medtui.tui.widgets.study_list import StudyTable
from tests.helpers.paths import RECORDED
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import notices, open_live_run, opened, screen_text, until


def test_studies_are_found_by_any_word_and_ordered(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """By scheme, state or name; live ones stay first."""
    rows = FolderReader(runs_dir).read("", refresh_all=True).studies
    assert [row.name for row in choose_studies(rows, "stopped malaria", "newest")] == [
        "malaria-first-try"
    ]
    assert [row.name for row in choose_studies(rows, "", "name")] == [
        "malaria", "demo", "malaria-first-try",
    ]  # fmt: skip


def test_a_filter_accepts_the_former_name_of_a_state(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """`lost`, as earlier versions called crashed runs, finds what `crashed` finds."""
    showcase[-1].release()
    rows = FolderReader(runs_dir).read("", refresh_all=True).studies
    found = {word: choose_studies(rows, word, "newest") for word in ("crashed", "lost")}
    assert [row.name for row in found["lost"]] == ["malaria"]
    assert found["lost"] == found["crashed"]


async def test_search_order_and_note(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """`/` filters while typing, Escape drops it; `o` orders; `N` writes a line."""
    async with opened(runs_dir) as pilot:
        table = pilot.app.screen.query_one(StudyTable)
        await pilot.press("slash", "d", "e", "m", "o")
        await until(pilot, lambda: list(table._cells) == ["demo"])
        await pilot.press("escape")
        await until(pilot, lambda: len(table._cells) == 3)
        await pilot.press("o")
        await until(pilot, lambda: "Studies by name" in screen_text(pilot))
        await pilot.press("N", "h", "i", "enter")
        await until(pilot, lambda: any("note.txt" in files for _, _, files in os.walk(runs_dir)))
    notes = sorted(runs_dir.glob("*/note.txt"))  # noqa: ASYNC240 - a test may wait for a disk
    assert [note.read_text(encoding="utf-8") for note in notes] == ["hi\n"]


async def test_delete_asks_and_spares_what_runs(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """A live study is refused; another is in the trash after the question, and `u` restores it."""
    async with opened(runs_dir) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("m")
        await until(pilot, lambda: "malaria is running" in notices(pilot))
        await pilot.press("down", "down", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("m")
        await until(pilot, lambda: not (runs_dir / "demo").exists())
        assert (runs_dir / ".trash" / "000001-demo" / "preset.toml").is_file()
        await pilot.press("u")
        await until(pilot, (runs_dir / "demo" / "preset.toml").is_file)
    assert (runs_dir / "malaria").exists()


async def test_no_key_deletes_for_good(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """A key pressed twice asks and cancels; the trash is emptied by a typed word."""
    demo = runs_dir / "demo"
    async with opened(runs_dir) as pilot:
        await pilot.press("down", "down", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("D", "d", "escape")
        assert demo.exists()
        move_to_trash(StudyFolder(demo))
        for typed, remains in (("demo", True), ("empty", False)):
            pilot.app.screen.post_message(EmptyTrashRequested())
            await until(pilot, lambda: isinstance(pilot.app.screen, Prompt))
            await pilot.press(*typed, "enter")
            said = "Nothing was deleted" if remains else "1 deleted study is gone for good"
            await until(pilot, lambda said=said: said in notices(pilot))
            assert (runs_dir / ".trash" / "000001-demo").exists() == remains


async def test_the_end_of_a_run_is_announced(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """Whatever screen is in view."""
    async with opened(runs_dir) as pilot:
        showcase[-1].release()
        pilot.app.poller.poll_now()
        await until(pilot, lambda: "malaria: Prune 0.1 crashed" in notices(pilot))


async def test_the_log_is_filtered_and_a_chart_exported(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """`/` on a run filters its log; `x` writes PNG, SVG and CSV beside the run."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        await pilot.press("x")
        exports = showcase[-1].folder.run("prune-0.1").path / "exports"
        await until(pilot, lambda: len(list(exports.glob("*.svg"))) == 1)
        await until(pilot, lambda: len(list(exports.glob("*.csv"))) == 1)
        assert next(exports.glob("*.png")).read_bytes().startswith(b"\x89PNG")
        await pilot.press("slash", *"compress", "enter")
        log = pilot.app.screen.query_one(LogView)
        await until(pilot, lambda: log.num_rows == 1)
    rows = next(exports.glob("*.csv")).read_text(encoding="utf-8").splitlines()
    assert rows[0] == "series,cycle,y"
    assert rows[1].startswith("val,0,")


async def test_the_main_pane_shows_every_chart(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Loss, constraint violation and learning rate by digit; L, ~, zoom and inspect act on it."""
    async with opened(runs_dir) as pilot:
        await open_live_run(pilot)
        for key, title in (("2", "Loss"), ("7", "Constraint violation"), ("8", "Learning rate")):
            await pilot.press(key)
            await until(pilot, lambda title=title: f"{title} " in screen_text(pilot))
        await pilot.press("1", "L", "tilde", "plus", "left")
        await until(pilot, lambda: "cycle 30:" in screen_text(pilot))
        await until(pilot, lambda: "mean of 3, log" in screen_text(pilot))


async def test_settings_choose_theme_and_keys(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """A remapped key does the action; the old one does not."""
    settings = Settings(look=LookSettings(theme="ansi-light"), keys={"order": "f9"})
    app = MedtuiApp(runs_dir, settings=settings)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "malaria" in screen_text(pilot))
        assert app.theme == "ansi-light"
        await pilot.press("f9")
        await until(pilot, lambda: "Studies by name" in screen_text(pilot))


async def test_what_is_copied_is_in_a_file_too(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """A terminal never answers whether it took OSC 52; the file is there in any case."""
    async with opened(runs_dir) as pilot:
        await pilot.press("y")
        await until(pilot, lambda: "Copied" in notices(pilot))
        copied = copied_path().read_text(encoding="utf-8")
        assert "\t● 31/45 val 9" in copied
        assert {"density", "sparse size", "device"} < set(copied.splitlines()[0].split("\t"))
        assert "PruneQuantize16" in pilot.app.clipboard
        await open_live_run(pilot)
        await pilot.press("y")
        await until(pilot, lambda: copied_path().read_text(encoding="utf-8").startswith("series"))


async def test_a_text_too_long_for_a_terminal_goes_to_the_file_alone(runs_dir: Path) -> None:
    """Half a copy would be worse than none."""
    async with opened(runs_dir) as pilot:
        assert "too long" in copy_text(pilot.app, "x" * (MAX_BYTES + 1))
        assert pilot.app.clipboard == ""
    assert len(copied_path().read_text(encoding="utf-8")) == MAX_BYTES + 1


def test_the_example_settings_are_the_defaults() -> None:
    """What the documentation shows can be used as it stands."""
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(EXAMPLE, encoding="utf-8")
    assert load_settings() == Settings()


def test_wrong_settings_are_explained() -> None:
    """With file, line and a suggestion."""
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text("[look]\nthem = 1\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=r":2: unknown key `them`.*theme"):
        load_settings()


async def test_another_users_study_is_refused_and_the_application_goes_on(
    runs_dir: Path, showcase: list[RecordedStudy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`s`, `r` and quitting with stop: a notice names the owner, and nothing ends."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)
    stopped = runs_dir / "malaria-first-try" / "supervisor.log"
    stopped.mkdir()  # opened for appending, it is refused even to root
    async with opened(runs_dir) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("w")
        await until(pilot, lambda: "can stop it" in notices(pilot))
        await pilot.press("down", "r")
        await until(pilot, lambda: str(stopped) in notices(pilot))
        num_notices = len(pilot.app.notices.latest)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("s")
        await until(pilot, lambda: len(pilot.app.notices.latest) > num_notices)
        assert pilot.app.return_code is None
        assert pilot.app.is_running
        await until(pilot, lambda: "malaria" in screen_text(pilot))


async def test_a_run_becomes_a_new_draft(runs_dir: Path) -> None:
    """`e` on a run opens its preset, with the one cell that repeats it, as a new study."""
    shutil.copytree(RECORDED / "cells", runs_dir / "cells")
    async with opened(runs_dir) as pilot:
        await pilot.press("enter", "down", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        document = pilot.app.screen.editor.document
        run = (runs_dir / "cells" / "prune-0.1" / "preset.toml").read_text(encoding="utf-8")
        assert document.value("compress", "schemes") == ["Prune"]
        assert PresetDocument(run).value("lc", "cycles") == document.value("lc", "cycles")
