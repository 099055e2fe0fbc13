"""Pool of decoder processes; a crash of one does not affect the others."""

import queue
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from medtui.child_process import child_environment
from medtui.cores import num_cores
from medtui.datasets.decoding.child import Done, Job
from medtui.errors import EnvironmentProblem

_PACKAGE_PARENT = Path(__file__).resolve().parents[3]
"""Working folder of the children: `-m` must find this package and no file of the user's."""

_TRIES = 2
"""How often an image may crash its decoder before it is listed as bad."""

_SECONDS_FOR_A_JOB = 120.0
"""Timeout of a job: an unreachable network share, or an endless loop in a decoder."""


class ChildDiedError(Exception):
    """A child exited or timed out during a job."""


class Child:
    """One decoder process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "medtui.datasets.decoding.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libtiff prints what Pillow raises
            cwd=_PACKAGE_PARENT,
            env=child_environment(),
        )

    def run(self, job: Job) -> Done:
        """Run a job in the child.

        Raises:
            ChildDiedError: the child exited or timed out; it cannot be used again.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(job) + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ChildDiedError(self._exit_reason()) from error
        ready, _, _ = select.select([self._process.stdout], [], [], _SECONDS_FOR_A_JOB)
        line = self._process.stdout.readline() if ready else b""
        if not line.endswith(b"\n"):
            raise ChildDiedError(self._exit_reason() if ready else "decoding timed out")
        return msgspec.json.decode(line, type=Done)

    def kill(self) -> None:
        """Kill the process and close its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # a job was being written
                    pipe.close()

    def _exit_reason(self) -> str:
        code = self._process.wait()
        return (
            f"decoder killed by signal {-code}"
            if code < 0
            else f"decoder exited with status {code}"
        )


class _Worker(threading.Thread):
    """Thread that feeds one child from the shared queue and replaces it after a crash."""

    def __init__(
        self,
        jobs: "queue.SimpleQueue[Job | None]",
        results: "queue.SimpleQueue[Done | BaseException]",
    ) -> None:
        super().__init__(daemon=True)
        self._jobs = jobs
        self._results = results
        self._child: Child | None = None
        self._stopping = False

    def run(self) -> None:
        try:
            while not self._stopping and (job := self._jobs.get()) is not None:
                for done in self._answers(job):
                    self._results.put(done)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._results.put(error)
        finally:
            if self._child is not None:
                self._child.kill()

    def stop(self) -> None:
        """Kill the child, also during a job."""
        self._stopping = True
        if self._child is not None:
            self._child.kill()

    def _answers(self, job: Job) -> Iterator[Done]:
        try:
            yield self._run(job)
        except ChildDiedError as error:
            if self._stopping:
                return
            if len(job.files) == 1:
                yield self._retried(job, str(error))
                return
            for offset, file in enumerate(job.files):
                yield from self._answers(replace(job, first=job.first + offset, files=[file]))

    def _retried(self, job: Job, reason: str) -> Done:
        for _ in range(1, _TRIES):
            try:
                return self._run(job)
            except ChildDiedError as error:
                reason = str(error)
        return Done([], [], [], [], {job.first: reason}, first=job.first)

    def _run(self, job: Job) -> Done:
        if self._child is None:
            self._child = Child()
        try:
            return self._child.run(job)
        except ChildDiedError:
            self._child.kill()
            self._child = None
            raise


def num_children() -> int:
    """Return the number of decoder processes: the available cores, at most 16."""
    return min(num_cores(), 16)


def run_jobs(jobs: Iterable[Job], take: Callable[[Done], None], count: int) -> None:
    """Run all jobs in `count` children; `take` receives each result in this thread.

    Raises:
        EnvironmentProblem: no child can be started.
    """
    waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    results: queue.SimpleQueue[Done | BaseException] = queue.SimpleQueue()
    remaining = 0
    for job in jobs:
        waiting.put(job)
        remaining += len(job.files)
    workers = [_Worker(waiting, results) for _ in range(count)]
    for worker in workers:
        waiting.put(None)
        worker.start()
    try:
        while remaining:
            result = results.get()
            if isinstance(result, BaseException):
                raise EnvironmentProblem(f"Images cannot be decoded: {result}") from result
            take(result)
            remaining -= result.num_files
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join()
