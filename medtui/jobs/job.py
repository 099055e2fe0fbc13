"""A run that is at work, and the processes that belong to it. For the supervisor."""

import os
import signal
import time
from dataclasses import dataclass

from medtui.fork_server import StartedProcess
from medtui.jobs.device_slots import Slot
from medtui.jobs.tracker import TrackerProcess
from medtui.monitor.run_feed import RunFeed
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.telemetry import SamplerProcess

KILL_AFTER_SECONDS = 20.0
"""A worker still running this long after its stop request is killed on a second request."""


@dataclass
class Job:
    """One run and its worker."""

    run: RunFolder
    slot: Slot
    worker: StartedProcess
    sampler: SamplerProcess
    trackers: list[TrackerProcess]
    num_resumes: int = 0
    stop_requested_at: float | None = None
    """Monotonic time of the first stop request to the worker."""

    @property
    def killed_by(self) -> int:
        """Number of the signal that ended the worker; 0 if it exited, or is running."""
        return max(0, -(self.worker.returncode or 0))

    @property
    def has_crashed(self) -> bool:
        """Whether a signal ended the worker before it could log an ending, or anything."""
        if is_finished(self.run) or not self.killed_by:
            return False
        feed = RunFeed(self.run)
        feed.refresh()
        while feed.is_behind:
            feed.refresh()
        return feed.status in {"crashed", "queued"}

    def stop(self, *, is_urgent: bool) -> None:
        """Ask the worker to stop after its step; where it is urgent, kill one that takes long."""
        now = time.monotonic()
        if self.stop_requested_at is None:
            self.stop_requested_at = now
            self.worker.terminate()
        elif is_urgent and now - self.stop_requested_at > KILL_AFTER_SECONDS:
            os.killpg(self.worker.pid, signal.SIGKILL)
