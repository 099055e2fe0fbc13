"""A run that is at work, and the processes that belong to it. For the supervisor."""

import time
from dataclasses import dataclass, field
from typing import assert_never

from medtui.jobs.schedulers import Ended, Handle, JobState, Running, Vanished, Waiting
from medtui.jobs.tracker import TrackerProcess
from medtui.monitor.run_feed import RunFeed
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder

KILL_AFTER_SECONDS = 20.0
"""A worker still running this long after its stop request is killed on a second request."""


@dataclass
class Job:
    """One run and its worker."""

    run: RunFolder
    handle: Handle
    num_resumes: int = 0
    trackers: list[TrackerProcess] | None = None
    """None until its worker has started."""
    stop_requested_at: float | None = field(default=None)
    """Monotonic time of the first stop request to the worker."""

    @property
    def killed_by(self) -> int:
        """Number of the signal that ended the worker; 0 if it exited, or is running."""
        state = self.handle.state
        return max(0, -state.status) if isinstance(state, Ended) else 0

    @property
    def has_crashed(self) -> bool:
        """Whether the worker ended before it could log an ending, or anything."""
        return _is_abrupt(self.handle.state) and _has_no_ending(self.run)

    def stop(self, *, is_urgent: bool) -> None:
        """Ask the worker to stop after its step; where it is urgent, kill one that takes long."""
        now = time.monotonic()
        if self.stop_requested_at is None:
            self.stop_requested_at = now
            self.handle.stop()
        elif is_urgent and now - self.stop_requested_at > KILL_AFTER_SECONDS:
            self.handle.kill()


def _is_abrupt(state: JobState) -> bool:
    """Return whether a process ended by a signal, or nobody knows how."""
    match state:
        case Ended(status):
            return status < 0
        case Vanished():
            return True
        case Waiting() | Running():
            return False
        case _:
            assert_never(state)


def _has_no_ending(run: RunFolder) -> bool:
    """Return whether the log of an unfinished run does not tell how it ended."""
    if is_finished(run):
        return False
    feed = RunFeed(run)
    feed.refresh()
    while feed.is_behind:
        feed.refresh()
    return feed.status in {"crashed", "queued"}
