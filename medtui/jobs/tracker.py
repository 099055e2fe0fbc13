"""Starts and ends the processes that follow a run for trackers. For the supervisor."""

import subprocess
import sys
from importlib.util import find_spec

from medtui.child_process import child_environment
from medtui.errors import EnvironmentProblem
from medtui.preset import TRACKERS, TrackerRow, TrackSettings
from medtui.runs.folder import RunFolder
from medtui.storage import open_log

END_SECONDS = 60.0
"""How long a study waits for trackers at its end; a slower one continues by itself."""


class TrackerProcess:
    """The process that follows one run for one tracker. Its failures never reach the run."""

    def __init__(self, run: RunFolder, tracker: TrackerRow, mode: str) -> None:
        self._run = run
        self._tracker = tracker
        self._mode = mode
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; one that dies is not started again.

        What it would have logged stays in the run's own log, from which the tracker's commands can
        send it later.
        """
        folder = self._run.tracker(self._tracker.name)
        command = [sys.executable, "-m", self._tracker.module, str(self._run.path)]
        try:
            folder.mkdir(exist_ok=True)
            with open_log(folder / "log.txt") as log:
                self._process = subprocess.Popen(
                    [*command, "--mode", self._mode],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                    env=child_environment(),
                )  # fmt: skip
        except OSError as error:
            self._report(f"could not start the process for {self._tracker.label}: {error}")

    def release(self) -> None:
        """Ask the process to read the log to its end, finish its record and exit."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds` for the process to exit."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self._report(f"{self._tracker.label} is still receiving data")

    def _report(self, message: str) -> None:
        print(f"{self._run.name}: {message}", file=sys.stderr)  # noqa: T201 - to supervisor.log


def require_library(tracker: TrackerRow) -> None:
    """Do nothing where a tracker's library is installed.

    Raises:
        EnvironmentProblem: it is not; the hint installs it.
    """
    if find_spec(tracker.library) is None:
        raise EnvironmentProblem(
            f"{tracker.label} needs {tracker.library}, which is not installed.",
            hint=f"pip install '{tracker.requirement}'",
            key=("track", tracker.key),
        )


def require_trackers(settings: TrackSettings) -> None:
    """Do nothing where the library of each tracker that the preset turns on is installed.

    Raises:
        EnvironmentProblem: one is not; the hint installs it.
    """
    for tracker in TRACKERS:
        if settings.mode_of(tracker) != "off":
            require_library(tracker)


def start_trackers(run: RunFolder, settings: TrackSettings) -> list[TrackerProcess]:
    """Start a process for each tracker that the preset turns on."""
    started = []
    for tracker in TRACKERS:
        mode = settings.mode_of(tracker)
        if mode != "off":
            process = TrackerProcess(run, tracker, mode)
            process.start()
            started.append(process)
    return started
