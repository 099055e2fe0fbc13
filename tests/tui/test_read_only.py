"""`--read-only`: a second viewer that can stop and delete nothing."""

from pathlib import Path

from medtui.tui.actions.messages import DeleteRequested, StopRequested
from medtui.tui.app import MedtuiApp
from medtui.tui.screens.home import HomeScreen
from medtui.tui.screens.run import RunScreen
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import screen_text, until


def _files(folder: Path) -> set[tuple[str, float]]:
    return {
        (str(path), path.stat().st_mtime)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("owner-")  # the live study's heartbeat
    }


async def test_nothing_can_be_changed(runs_dir: Path, showcase: list[RecordedStudy]) -> None:
    """The keys are gone from footer, help and palette, and a request is refused."""
    app = MedtuiApp(runs_dir, is_read_only=True)
    before = _files(runs_dir)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: "malaria" in screen_text(pilot))
        await until(pilot, lambda: "Compare" in screen_text(pilot).splitlines()[-1])
        first = screen_text(pilot).splitlines()
        assert "read-only" in first[0]
        assert "New study" not in first[-1]
        assert "Stop" not in first[-1]
        await pilot.press("n", "g", "s", "r", "e", "D", "u", "w", "N")
        assert isinstance(app.screen, HomeScreen)
        commands = {each.title for each in app.get_system_commands(app.screen)}
        assert not commands & {"Empty the trash", "Edit the note of the study"}
        study = app.screen.study
        assert study is not None
        app.screen.post_message(StopRequested(study, None))
        app.screen.post_message(DeleteRequested(study))
        await until(pilot, lambda: "--read-only" in screen_text(pilot))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view)
        await pilot.press("s", "r", "x")
        assert isinstance(app.screen, RunScreen)
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)
    assert _files(runs_dir) == before
