"""A run that is at work, and the processes that belong to it. For the supervisor."""

import time
from dataclasses import dataclass, field
from typing import assert_never

from medtui.jobs.schedulers import Ended, Handle, JobState, Running, Vanished, Waiting
from medtui.jobs.tracker import TrackerProcess
from medtui.monitor.run_feed import RunFeed
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.status import Status

KILL_AFTER_SECONDS = 20.0
"""A worker still running this long after its stop request is killed on a second request."""

MAX_CRASHES = 1
"""How often a run is started again whose worker crashed."""

MAX_LOSSES = 50
"""How often a run is started again whose place the cluster took away."""

_NO_ENDINGS = frozenset[Status]({"crashed", "queued"})
"""States of a run whose log does not tell how it ended."""


@dataclass(frozen=True)
class Restarts:
    """How often a run was started again by its supervisor, and why the last time."""

    num_crashes: int = 0
    num_losses: int = 0
    killed_by: int = 0
    """Number of the signal that ended the worker before; 0 where it exited, or nobody knows."""


@dataclass(eq=False)
class Job:
    """One run and its worker. Jobs are told apart by identity: a study may have thousands."""

    run: RunFolder
    handle: Handle
    restarts: Restarts = Restarts()
    trackers: list[TrackerProcess] | None = None
    """None until its worker has started."""
    stop_requested_at: float | None = field(default=None)
    """Monotonic time of the first stop request to the worker."""

    def next_start(self) -> Restarts | None:
        """Return what the next start of a run counts whose job is over; None if it needs none.

        That is where its worker ended before it could log an ending, or where the cluster took its
        place away, even if its worker had the time to stop with a checkpoint. A worker that stopped
        was asked by a user, unless the cluster gives its reason.
        """
        state, done = self.handle.state, self.restarts
        if not _is_abrupt(state) or is_finished(self.run):
            return None
        status = _status_of(self.run)
        if isinstance(state, Vanished) and state.is_lost:
            again = Restarts(done.num_crashes, done.num_losses + 1)
            was_asked = status == "stopped" and bool(state.reason)
            is_open = (was_asked or status in _NO_ENDINGS) and done.num_losses < MAX_LOSSES
        else:
            killed_by = -state.status if isinstance(state, Ended) else 0
            again = Restarts(done.num_crashes + 1, done.num_losses, killed_by)
            is_open = status in _NO_ENDINGS and done.num_crashes < MAX_CRASHES
        return again if is_open else None

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


def _status_of(run: RunFolder) -> Status:
    """Return the state of a run whose job is over, whatever its worker's heartbeat looks like.

    A worker that was killed on another machine did not sign off; the scheduler knows that it ended.
    """
    feed = RunFeed(run, is_supervised=True)
    feed.refresh()
    while feed.is_behind:
        feed.refresh()
    return feed.status
