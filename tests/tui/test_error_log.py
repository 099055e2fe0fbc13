"""Errors of work in the background: a notice, and a file with the traceback."""

from pathlib import Path

import pytest

from medtui.tui import error_log
from medtui.tui.actions.study_actions import StudyActions
from medtui.tui.error_log import error_log_path, record_error
from tests.helpers.recorded_runs import RecordedStudy
from tests.helpers.tui_pilot import notices, opened, until


@pytest.mark.background_error
async def test_an_error_of_an_action_does_not_end_the_application(
    runs_dir: Path, showcase: list[RecordedStudy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notice says what failed and names the file that has the traceback."""

    def fail(_actions: StudyActions, _name: str) -> str:
        raise RuntimeError("the roof fell in")

    monkeypatch.setattr(StudyActions, "stop_study", fail)
    async with opened(runs_dir) as pilot:
        await pilot.press("s", "w")
        await until(pilot, lambda: "the roof fell in" in notices(pilot))
        assert "errors.log" in notices(pilot)
        assert pilot.app.return_code is None
    text = error_log_path().read_text(encoding="utf-8")
    assert "RuntimeError: the roof fell in" in text
    assert "Traceback" in text


@pytest.mark.background_error
def test_the_file_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its limit it is begun anew."""
    monkeypatch.setattr(error_log, "MAX_BYTES", 10)
    for number in range(3):
        assert record_error(ValueError(f"error {number}")) == error_log_path()
    text = error_log_path().read_text(encoding="utf-8")
    assert "error 2" in text
    assert "error 1" not in text


def test_a_file_that_cannot_be_written_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice still has what failed."""
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/state")
    assert record_error(ValueError("error")) is None
