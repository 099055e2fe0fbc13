"""Home: what is there, in which state, and what can be done with it."""

import math
import threading
from pathlib import Path

import pytest

from medtui.monitor.poller import Poller
from medtui.preset import Preset
from medtui.telemetry.vitals import Vitals
from medtui.tui.actions.study_actions import StudyActions
from medtui.tui.app import MedtuiApp
from medtui.tui.published import VitalsRead
from medtui.tui.screens.confirm import ConfirmDialog
from medtui.tui.screens.home import HomeScreen
from medtui.tui.screens.run import RunScreen
from medtui.tui.widgets.study_list import RunTable, StudyTable
from medtui.tui.widgets.study_picture import StudyPicture
from medtui.units import GIB
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.showcase import DEMO
from tests.helpers.tui_pilot import notices, opened, screen_text, until


async def test_live_studies_come_first_with_state_and_best_accuracy(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The first row is the running study; every state has its mark, and its word or its time."""
    async with opened(runs_dir) as pilot:
        assert next(iter(pilot.app.screen.query_one(StudyTable)._cells)) == "malaria"
        text = screen_text(pilot)
    for words in ("● malaria", " left ", "■ malaria-first-try", "stopped", "✓ demo", "finished",
                  "1 running", "Prune 0.1", "● 31/45 val 9"):  # fmt: skip
        assert words in text


async def test_the_first_frame_says_what_is_being_read(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything was read, the title names the folder, and the list has its title."""
    monkeypatch.setattr(Poller, "start", lambda _: None)
    app = MedtuiApp(runs_dir)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        text = screen_text(pilot)
        assert "Start the demo" not in text.splitlines()[-1]
        assert pilot.app.screen.check_action("demo", ()) is False
    assert f"medtui  Home  reading {runs_dir}"[:60] in text
    assert "Studies by newest event" in text


async def test_moving_the_cursor_shows_another_studys_runs(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The lower table belongs to the row under the cursor of the upper one."""
    async with opened(runs_dir) as pilot:
        await pilot.press("down")
        await until(pilot, lambda: "Runs of malaria-first-try" in screen_text(pilot))


async def test_enter_goes_to_the_live_run_and_opens_it(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """From the study to its live run to that run's screen; b leads back."""
    async with opened(runs_dir) as pilot:
        await pilot.press("enter")
        table = pilot.app.screen.query_one(RunTable)
        await until(pilot, lambda: table.selected == "malaria/prune-0.1")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))


async def test_an_empty_folder_teaches_how_to_begin(runs_dir: Path) -> None:
    """Without studies, Home says what medtui is; keys that need a study are not in the footer."""
    async with opened(runs_dir) as pilot:
        text = screen_text(pilot)
        assert "medtui --run demo" in text
        assert "Condensa" in text
        for words in ("d  start the demo now", "n  your own"):
            assert words in text
        footer = text.splitlines()[-1]
        assert "Start the demo" in footer
        assert not {"Stop", "Resume", "Filter", "Order", "Compare"} & set(footer.split())


@pytest.mark.parametrize("key", ["d", "enter"])
async def test_one_key_starts_the_demo_where_there_is_no_study(
    runs_dir: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed again before the study is shown, and with a study, the key does nothing."""
    started: list[str] = []
    is_pressed = threading.Event()

    def start(_: StudyActions, preset: Preset) -> str:
        started.append(preset.name)
        is_pressed.wait()
        RecordedStudy(runs_dir, preset.name).reference(epochs=1)
        return preset.name

    monkeypatch.setattr(StudyActions, "start", start)
    async with opened(runs_dir) as pilot:
        await pilot.press(key, key, key)
        is_pressed.set()
        await until(pilot, lambda: "Runs of demo" in screen_text(pilot))
        await pilot.press("d")
        await pilot.pause()
        assert started == ["demo"]


async def test_a_study_started_elsewhere_appears_by_itself(runs_dir: Path) -> None:
    """The welcome gives way to the table without a key pressed."""
    async with opened(runs_dir) as pilot:
        study = RecordedStudy(runs_dir, "later")
        study.reference()
        pilot.app.poller.poll_now()
        await until(pilot, lambda: "later" in screen_text(pilot))


async def test_quit_asks_while_a_study_runs_and_leaving_ends_nothing(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The default leaves the study running; Escape cancels."""
    async with opened(runs_dir) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.return_code == 0)


async def test_quit_asks_nothing_when_nothing_runs(runs_dir: Path) -> None:
    """`q` leaves at once."""
    async with opened(runs_dir) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.return_code == 0)


async def test_stop_asks_and_sends_the_signal(
    runs_dir: Path, showcase: list[RecordedStudy], monkeypatch: object
) -> None:
    """`s` on a live run offers the run and the study; the run's worker gets SIGTERM."""
    import signal

    received = []
    previous = signal.signal(signal.SIGTERM, lambda number, _frame: received.append(number))
    try:
        async with opened(runs_dir) as pilot:
            await pilot.press("enter", "s")
            await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
            await pilot.press("t")
            await until(pilot, lambda: received == [signal.SIGTERM])
    finally:
        signal.signal(signal.SIGTERM, previous)


async def test_what_is_not_running_cannot_be_stopped(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """`s` on a finished study says so and asks nothing."""
    async with opened(runs_dir) as pilot:
        await pilot.press("down", "down", "s")
        await until(pilot, lambda: "Nothing to stop: demo is not running" in screen_text(pilot))


async def test_a_damaged_study_is_shown_with_its_problem(runs_dir: Path) -> None:
    """A preset that cannot be read does not hide the rest."""
    study = RecordedStudy(runs_dir, "broken")
    study.folder.preset.write_text("schema = 1\nname = ", encoding="utf-8")
    async with opened(runs_dir) as pilot:
        await until(pilot, lambda: "broken" in screen_text(pilot))
        await until(pilot, lambda: "cannot be used" in screen_text(pilot))


async def test_a_study_that_has_finished_says_what_it_found(runs_dir: Path) -> None:
    """A notice has the sentence that Home shows for the study."""
    study = RecordedStudy(runs_dir, "ending", preset=DEMO)
    study.reference()
    for name in ("prune-0.1", "prunequantize16-0.1", "filterprune-0.1"):
        study.run(name)
    study.hold(study.folder)
    async with opened(runs_dir) as pilot:
        await until(pilot, lambda: "1 running" in screen_text(pilot))
        study.release()
        await until(pilot, lambda: "is chosen: on val none" in notices(pilot))


async def test_the_picture_is_walked_by_size_and_opens_its_runs(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """The cursor of the runs follows: the point, its row and its details are of one run."""
    async with opened(runs_dir) as pilot:
        await pilot.press("down", "down")
        await until(pilot, lambda: "Runs of demo" in screen_text(pilot))
        picture = pilot.app.screen.query_one(StudyPicture)
        await until(pilot, lambda: picture.is_drawn and bool(picture._points))
        picture.focus()
        table = pilot.app.screen.query_one(RunTable)
        await pilot.press("left")
        await until(pilot, lambda: table.selected == "demo/prune-0.1")
        await pilot.press("left", "left")
        await until(pilot, lambda: table.selected == "demo/prunequantize16-0.1")
        plane, point = picture.plane(), picture._points[-1]
        assert plane is not None
        row, column = plane.row(point.value), plane.column(math.log10(point.size))
        await pilot.click(picture, offset=(column + 1, row + 1))
        await until(pilot, lambda: table.selected == point.run.key == "demo/reference")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
async def test_a_narrow_terminal_shows_one_study_at_a_time(
    runs_dir: Path, showcase: list[RecordedStudy], size: tuple[int, int]
) -> None:
    """Comma and full stop go to the others; the footer stays within the line."""
    async with opened(runs_dir, size=size) as pilot:
        await until(pilot, lambda: "● malaria  running" in screen_text(pilot))
        await pilot.press("full_stop")
        await until(pilot, lambda: "■ malaria-first-try  stopped" in screen_text(pilot))
        await until(pilot, lambda: " 2 of 3 " in screen_text(pilot))
        await pilot.press("comma")
        await until(pilot, lambda: "● malaria  running" in screen_text(pilot))
        assert all(len(line) <= size[0] for line in screen_text(pilot).splitlines())


async def test_a_very_large_terminal_also_shows_curves_events_and_the_machine(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Extra width and height become extra panes; `<` and `>` share the width, remembered."""
    async with opened(runs_dir, size=(200, 60)) as pilot:
        await until(pilot, lambda: "B Prune 0.1 95" in screen_text(pilot))
        text = screen_text(pilot)
        assert "Val accuracy, % by cycle" in text
        assert "Test accuracy, %, by size of the sparse file" in text
        assert "Events · malaria" in text
        assert "cycle 30: val 95.8 %" in text
        assert "─ Machine ─" in text
        runs = pilot.app.screen.query_one(RunTable)
        width = runs.outer_size.width
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: runs.outer_size.width == width + 4)
    async with opened(runs_dir, size=(200, 60)) as pilot:
        runs = pilot.app.screen.query_one(RunTable)
        await until(pilot, lambda: runs.outer_size.width == width + 4)


async def test_free_rows_below_few_runs_show_their_curves(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """Of a study of four runs at 120x40, and not of one of eleven."""
    async with opened(runs_dir, size=(120, 40)) as pilot:
        await until(pilot, lambda: "J  Quantize16" in screen_text(pilot))
        assert "Val accuracy, % by cycle" not in screen_text(pilot)
        await pilot.press("full_stop", "full_stop")
        await until(pilot, lambda: "Runs of demo" in screen_text(pilot))
        await until(pilot, lambda: "Val accuracy, % by cycle" in screen_text(pilot))
        text = screen_text(pilot)
        assert "─ Machine ─" in text
        assert "sparse file" in text.split("Val accuracy, % by cycle")[1]  # the run's details


async def test_the_machine_is_on_home_where_there_is_room(
    runs_dir: Path, showcase: list[RecordedStudy]
) -> None:
    """At 120x40, and not at 80x24; it shows what was read last."""
    async with opened(runs_dir) as pilot:
        vitals = Vitals((14,), 41 * GIB, 256 * GIB, num_cores=32)
        pilot.app.post_message(VitalsRead(vitals))
        await until(pilot, lambda: "14 % of 32 cores" in screen_text(pilot))
        await until(pilot, lambda: "41.0/256 GiB" in screen_text(pilot))
    async with opened(runs_dir, size=(80, 24)) as pilot:
        await until(pilot, lambda: "Prune 0.1" in screen_text(pilot))
        assert "Machine" not in screen_text(pilot)
