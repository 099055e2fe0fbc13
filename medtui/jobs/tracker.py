"""Starts what follows a run for a tracker, and ends it. For the supervisor; knows no tracker."""

import subprocess
import sys

from medtui.child_process import child_environment
from medtui.preset import TrackSettings
from medtui.runs.folder import RunFolder

END_SECONDS = 60.0
"""How long a study waits for followers at its end; a slower one goes on by itself."""


class RunFollower:
    """The process that follows one run. Nothing here raises on its account."""

    def __init__(self, run: RunFolder, settings: TrackSettings) -> None:
        self._run = run
        self._mode = settings.comet
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start following, where the preset asks for it; one that dies stays dead.

        What it would have told is in the log; `medtui comet` tells it later.
        """
        if self._mode == "off" or self._process is not None:
            return
        command = [sys.executable, "-m", "medtui.comet.follower", str(self._run.path)]
        try:
            self._run.comet.mkdir(exist_ok=True)
            with (self._run.comet / "log.txt").open("ab") as log:
                self._process = subprocess.Popen(
                    [*command, "--mode", self._mode],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                    env=child_environment(),
                )  # fmt: skip
        except OSError as error:
            print(f"{self._run.name}: Comet is not told: {error}", file=sys.stderr)  # noqa: T201 - to supervisor.log

    def release(self) -> None:
        """Let it read the log to its end, write its archive and end."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, no longer than that."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            print(f"{self._run.name}: Comet is still being told", file=sys.stderr)  # noqa: T201 - likewise
