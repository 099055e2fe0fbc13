"""Checks the edited preset on this machine, in a separate process, one at a time."""

from collections.abc import Callable

from textual.screen import Screen
from textual.timer import Timer
from textual.worker import get_current_worker

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.jobs.latest_process import LatestProcess
from medtui.jobs.repeated_checks import RepeatedChecks
from medtui.preset import Preset
from medtui.protocol.preflight import Preflight
from medtui.tui.editor.preflight_state import PreflightState
from medtui.tui.editor.state import EditorState
from medtui.tui.threads import call_for

PAUSE_S = 1.5
"""The preset is checked after this many seconds without a change."""


class PresetCheck:
    """Runs the check of a screen's preset; `state` is its latest result."""

    def __init__(
        self,
        screen: Screen[None],
        editor: EditorState,
        changed: Callable[[], None],
        finished: Callable[[], None] = lambda: None,
    ) -> None:
        self.state = PreflightState()
        self._screen = screen
        self._editor = editor
        self._changed = changed
        self._finished = finished
        self._process = LatestProcess[Preflight]()
        self._checks = RepeatedChecks()
        self._timer: Timer | None = None
        self._number = 0
        """Number of the latest check; processes and outcomes of earlier ones are dropped."""

    def start(self) -> None:
        """Check the preset now, in place of a check that is running."""
        preset = self._editor.document.preset
        if preset is None:
            return
        self._cancel()  # two checks at once would slow down each other's measurements
        number = self._number
        self.state.is_running = True
        self._changed()
        self._screen.run_worker(
            lambda: self._check(preset, number), thread=True, exclusive=True, group="preflight"
        )

    def start_soon(self) -> None:
        """Mark the result as outdated, and check the preset after a pause without a change."""
        self.state.forget()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(PAUSE_S, self.start)

    def close(self) -> None:
        """End a check that is running, and what serves later ones."""
        self._cancel()
        self._checks.close()

    def _cancel(self) -> None:
        """End a check that is running, also one whose process is being started."""
        self._number += 1
        self._process.cancel()

    def _check(self, preset: Preset, number: int) -> None:
        worker = get_current_worker()

        def keep(process: ChildProcess[Preflight]) -> None:
            if number == self._number:
                self._process.take(process)
            else:
                process.cancel()

        try:
            outcome: Preflight | MedtuiError = self._checks.measure(preset, keep)
        except MedtuiError as error:
            outcome = error
        if not worker.is_cancelled:
            call_for(self._screen, self._take, preset, number, outcome)

    def _take(self, preset: Preset, number: int, outcome: Preflight | MedtuiError) -> None:
        if number != self._number:
            return  # a newer check is running
        self.state.is_running = False
        if preset == self._editor.document.preset:  # otherwise it belongs to an older document
            self.state.take(outcome)
        self._changed()
        self._finished()
