"""The check of an edited preset: one process at a time, after a pause, ended with its screen."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs.repeated_checks import RepeatedChecks
from medtui.protocol.preflight import Preflight
from medtui.tui.editor.compress_screen import CompressScreen
from medtui.tui.editor.document import document_from
from medtui.tui.editor.state import EditorState
from tests.helpers.tui_pilot import opened, screen_text, until


class _Trial:
    """In the place of a process that measures until it is cancelled."""

    def __init__(self) -> None:
        self.is_over = threading.Event()

    def cancel(self) -> None:
        self.is_over.set()


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[_Trial]]:
    """Every process that was started."""
    started = list[_Trial]()

    def measure(_checks: object, _preset: object, take: Callable[[_Trial], object]) -> Preflight:
        trial = _Trial()
        started.append(trial)
        take(trial)
        trial.is_over.wait(60)
        raise EnvironmentProblem("The check was cancelled.")

    monkeypatch.setattr(RepeatedChecks, "measure", measure)
    yield started
    for trial in started:
        trial.cancel()


async def test_touching_the_matrix_starts_one_process_after_a_pause(
    runs_dir: Path, trials: list[_Trial]
) -> None:
    """Five changes are one check, which replaces the one before; leaving ends it."""
    async with opened(runs_dir) as pilot:
        screen = CompressScreen(EditorState(document_from("demo")))
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: len(trials) == 1)
        await pilot.press("right", *["space"] * 5)
        await until(pilot, lambda: len(trials) == 2)
        assert trials[0].is_over.is_set()
        assert not trials[1].is_over.is_set()
        await pilot.pause()
        await until(pilot, lambda: "measuring" in screen_text(pilot))
        await pilot.press("space")
        screen.dismiss()
        await until(pilot, trials[1].is_over.is_set)
    assert len(trials) == 2, "a change before leaving starts nothing afterwards"
