"""One Slurm job as its supervisor sees it."""

import time
from collections.abc import Callable
from contextlib import suppress

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import JobState, Running, Vanished, Waiting
from medtui.jobs.schedulers.recorded_state import with_state
from medtui.jobs.schedulers.slurm_listing import Listing
from medtui.jobs.schedulers.slurm_queue import SlurmQueue
from medtui.jobs.schedulers.slurm_script import job_name
from medtui.jobs.schedulers.task import Task
from medtui.runs.job_record import JobRecord, write_job
from medtui.runs.ownership.claim import Fence
from medtui.runs.ownership.signalling import request_stop

MISSING_LISTINGS = 2
"""Listings in a row without a job after which it is over: Slurm lists those that ended, too."""

ASK_AGAIN_SECONDS = 30.0
"""Time after which the worker of a job that is to stop is asked again.

The job may have been started again meanwhile, with a worker that nobody has asked.
"""
MAX_RELEASES = 20
"""How often a job may go on that Slurm holds because of its nodes."""


class SlurmJob:
    """A handle: what the listings say of a job, and what can be asked of it."""

    def __init__(
        self,
        task: Task,
        record: JobRecord,
        fence: Fence,
        queue: SlurmQueue,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow a job that was submitted, and write its identifier down."""
        self.state: JobState = Waiting(record.reason)
        self._task, self._fence, self._queue = task, fence, queue
        self._record = record
        self._clock, self._since = clock, clock()
        """Listings that were made earlier may not have the job."""
        self._seen_at = float("-inf")
        self._num_missing = 0
        self._num_releases = 0
        self._is_stopping, self._asked_at = False, 0.0
        write_job(task.folder, record, fence)

    def look(self, listing: Listing | None) -> None:
        """Bring the state up to date with a listing."""
        if listing is None or listing.asked_at <= max(self._since, self._seen_at):
            return
        self._seen_at = listing.asked_at
        line = listing.of(self._record.id, job_name(self._task, self._record.token))
        self._num_missing = 0 if line else self._num_missing + 1
        if line is not None:
            self._take(line.state, line.reason_now, line.nodes)
            if line.is_held and not self._is_stopping:
                self._free()
        elif self._num_missing >= MISSING_LISTINGS:
            self._take(Vanished(is_lost=True), "not in the queue", "")
        is_due = self._is_stopping and self._clock() >= self._asked_at + ASK_AGAIN_SECONDS
        if is_due and isinstance(self.state, Running):
            self._ask()

    def stop(self) -> None:
        """Ask the worker to stop after its step; cancel a job that has none."""
        self._is_stopping = True
        self._ask()

    def kill(self) -> None:
        """Let Slurm kill the job."""
        self._queue.cancel(self._record.id, is_killed=True)

    def _free(self) -> None:
        """Release the job that Slurm holds; give one up that it does not let go."""
        if self._record.id in self._queue.unreleased:
            self._queue.cancel(self._record.id)
            self._take(Vanished("held", is_lost=True), "held", "")
        elif self._num_releases < MAX_RELEASES:
            self._num_releases += 1
            self._queue.release(self._record.id)

    def _ask(self) -> None:
        """Ask the worker that there is now: a job that is started again has another one."""
        self._asked_at = self._clock()
        run = self._task.run
        if run is not None and not isinstance(self.state, Waiting):
            with suppress(EnvironmentProblem):  # then Slurm asks it
                if request_stop(run.lock, self._task.name):
                    return
        self._queue.cancel(self._record.id)

    def _take(self, state: JobState, reason: str, place: str) -> None:
        self.state = state
        if self._is_stopping and isinstance(state, Waiting):
            self._queue.cancel(self._record.id)  # it was queued again while it was asked to stop
        before = msgspec.structs.replace(self._record, place=place or self._record.place)
        record = with_state(before, state, reason)
        if record != self._record:
            self._record = record
            with suppress(OSError):  # for readers; the identifier is written already
                write_job(self._task.folder, record, self._fence)
