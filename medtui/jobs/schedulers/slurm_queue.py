"""Keeps a listing of Slurm's queue, and cancels and releases jobs, in a thread of its own."""

import sys
import threading
import time
from functools import partial

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.slurm_listing import Listing, list_jobs
from medtui.jobs.schedulers.slurm_programs import (
    TIMEOUT_SECONDS,
    cancel,
    is_unreachable,
    release,
)

LIST_SECONDS = 5.0
"""Least time between two calls of `squeue`, which lists all jobs of a study at once."""

SHARE = 0.05
"""Most of its time that a slow controller works for listings: it is asked less often."""

LONGEST_SECONDS = 60.0
"""Most time between two listings."""


class SlurmQueue:
    """Keeps a listing of the queue that is a few seconds old, while somebody wants one."""

    def __init__(self) -> None:
        self.listing: Listing | None = None
        """The latest one; None before the first."""
        self.problem = ""
        """Why the queue could not be listed the last time; empty if it could."""
        self._reported = ""
        self._is_wanted = False
        self._is_closed = False
        self._lock = threading.Lock()
        self._cancelled = set[str]()
        """Jobs that are to be cancelled; guarded by the lock, like the sets below."""
        self._killed = set[str]()
        self._released = set[str]()
        self.unreleased = set[str]()
        """Held jobs that Slurm does not let their user release."""
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def want(self, *, is_wanted: bool) -> None:
        """State whether the queue is to be listed from now on."""
        if is_wanted != self._is_wanted:
            self._is_wanted = is_wanted
            self._wake()

    def cancel(self, job: str, *, is_killed: bool = False) -> None:
        """Cancel a job in the background, again and again until Slurm has accepted it."""
        with self._lock:
            (self._killed if is_killed else self._cancelled).add(job)
        self._wake()

    def release(self, job: str) -> None:
        """Let a job start that is held, in the background."""
        with self._lock:
            self._released.add(job)
        self._wake()

    def close(self) -> None:
        """End the thread once it has tried to do what is requested."""
        self._is_closed = True
        if self._thread is not None:
            self._woken.set()
            self._thread.join(TIMEOUT_SECONDS)

    def _wake(self) -> None:
        self._woken.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="slurm queue", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        due_at = 0.0
        while not self._is_closed:
            self._serve_requests()
            if self._is_wanted and time.monotonic() >= due_at:
                began = time.monotonic()
                self._list()
                spent = time.monotonic() - began
                pause = 0.0 if self.problem else min(spent / SHARE, LONGEST_SECONDS)
                due_at = began + max(LIST_SECONDS, spent, pause)
            left = max(0.0, due_at - time.monotonic())
            self._woken.wait(left if self._is_wanted else LIST_SECONDS)
            self._woken.clear()
        self._serve_requests()

    def _list(self) -> None:
        try:
            self.listing = list_jobs()
        except EnvironmentProblem as error:
            self.problem = error.message
            self._report(error.message)
            return
        if self.problem:
            self.problem = ""
            self._report("Slurm answers again.")

    def _serve_requests(self) -> None:
        for jobs, serve in (
            (self._cancelled, cancel),
            (self._killed, partial(cancel, is_killed=True)),
            (self._released, release),
        ):
            with self._lock:
                ids = sorted(jobs)
            if not ids:
                continue
            try:
                serve(ids)
            except EnvironmentProblem as error:
                self._report(error.message)
                if is_unreachable(error.message):
                    continue
                if serve is release:
                    self.unreleased.update(ids)
            with self._lock:
                jobs.difference_update(ids)

    def _report(self, message: str) -> None:
        """Write into supervisor.log, but no message twice in a row."""
        if message != self._reported:
            self._reported = message
            print(message, file=sys.stderr)  # noqa: T201 - goes to supervisor.log
