"""Slurm's programs: jobs are submitted, listed and cancelled.

Listing and cancelling block a thread of their own.
"""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from medtui.child_process import child_environment, last_line
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import Ended, JobState, Running, Vanished, Waiting
from medtui.jobs.schedulers.slurm_script import SCRIPT_NAME

LIST_SECONDS = 5.0
"""Least time between two calls of `squeue`, which lists all jobs of a study at once."""

TIMEOUT_SECONDS = 60.0
"""How long one of Slurm's programs may take; its controller may be busy."""

_FORMAT = "%i|%T|%r|%N|%j"

CANCELLED = 4
"""Status of a job that was cancelled, as of a run that was stopped."""

_WAITING = frozenset({
    "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD",
    "SPECIAL_EXIT", "SUSPENDED",
})  # fmt: skip

_OVER = frozenset({
    "BOOT_FAIL", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",
    "TIMEOUT",
})  # fmt: skip
"""Words for jobs that ended badly; a script that failed says no more than that."""

_WITHHELD = frozenset({"CUDA_VISIBLE_DEVICES", "COMET_API_KEY"})

_KEPT = frozenset({"SLURM_CONF", "SLURM_CONF_SERVER"})
"""Variables that name the cluster; the other `SLURM_` ones are those of the surrounding job."""


@dataclass(frozen=True)
class QueueLine:
    """One job in a listing."""

    id: str
    word: str
    """`PENDING`, `RUNNING` and so on."""
    reason: str
    nodes: str
    name: str

    @property
    def state(self) -> JobState:
        """The state. Source: squeue(1), "Job state codes", of Slurm 22.05."""
        if self.word in _WAITING:
            return Waiting(self.reason_now)
        if self.word == "COMPLETED":
            return Ended(0)
        if self.word.startswith("CANCELLED"):
            return Ended(CANCELLED)
        return Vanished(self.word) if self.word in _OVER else Running(self.nodes)

    @property
    def reason_now(self) -> str:
        """Why it waits, or how it ended; empty while it runs."""
        if self.word == "PENDING":
            return "" if self.reason == "None" else self.reason
        if self.is_held:
            return self.reason
        return self.word if self.word in _WAITING or self.is_over else ""

    @property
    def is_held(self) -> bool:
        """Whether Slurm keeps it from starting because nodes failed under it several times.

        Source: slurm.conf(5), `MaxBatchRequeue`, which is 5 unless the cluster says otherwise.
        """
        return self.word == "REQUEUE_HOLD" and self.reason == "JobHoldMaxRequeue"

    @property
    def is_over(self) -> bool:
        """Whether it neither waits nor runs."""
        return self.word in _OVER or self.word.startswith(("COMPLETED", "CANCELLED"))


@dataclass(frozen=True)
class Listing:
    """All jobs of this user at one moment, including those that ended in the last minutes."""

    asked_at: float
    """Monotonic time before it was made: what was submitted later is not in it."""
    jobs: Mapping[str, QueueLine]

    def named(self, name: str) -> QueueLine | None:
        """Return the job of a name."""
        return next((each for each in self.jobs.values() if each.name == name), None)


def parse_listing(text: str, asked_at: float) -> Listing:
    """Return the jobs of `squeue`'s output."""
    found = dict[str, QueueLine]()
    for line in text.splitlines():
        parts = line.strip().split("|", 4)
        if len(parts) == len(_FORMAT.split("|")):
            found[parts[0]] = QueueLine(*parts)
    return Listing(asked_at, found)


def call(command: Sequence[str], folder: Path | None = None) -> str:
    """Return the output of one of Slurm's programs.

    Raises:
        EnvironmentProblem: there is no such program, or it failed; with what it said.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, check=False,
            capture_output=True, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise EnvironmentProblem(
            f'{command[0]} was not found, but machine.scheduler = "slurm" needs it.',
            hint="Start the study where sbatch works, or set machine.scheduler to local.",
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem(f"{command[0]} failed: {error}.") from error
    if done.returncode != 0:
        said = last_line(done.stderr) or f"exit status {done.returncode}"
        raise EnvironmentProblem(f"{command[0]} failed: {said.removesuffix('.')}.")
    return done.stdout.decode(errors="replace")


def submit(folder: Path) -> str:
    """Submit the script in a folder; return the job's identifier.

    Raises:
        EnvironmentProblem: as `call`.
    """
    return call(["sbatch", "--parsable", SCRIPT_NAME], folder).strip().partition(";")[0]


def cancel(ids: Sequence[str], *, is_killed: bool = False) -> None:
    """Cancel jobs, those that run by SIGTERM; `is_killed` states that they are killed at once.

    Raises:
        EnvironmentProblem: as `call`.
    """
    call(["scancel", *(["--signal=KILL"] if is_killed else []), *ids])


def release(ids: Sequence[str]) -> None:
    """Let jobs start that are held.

    Raises:
        EnvironmentProblem: as `call`.
    """
    call(["scontrol", "release", *ids])


def list_jobs() -> Listing:
    """Return the jobs of this user.

    Raises:
        EnvironmentProblem: as `call`.
    """
    asked_at = time.monotonic()
    command = ["squeue", f"--user={os.getuid()}", "--states=all", "--noheader"]
    return parse_listing(call([*command, f"--format={_FORMAT}"]), asked_at)


class SlurmQueue:
    """Keeps a listing of the queue that is a few seconds old, while somebody wants one."""

    def __init__(self) -> None:
        self.listing: Listing | None = None
        """The latest one; None before the first."""
        self.problem = ""
        """Why the last attempt to list, cancel or release failed; empty if it did not."""
        self._is_wanted = False
        self._is_closed = False
        self._lock = threading.Lock()
        self._cancelled = set[str]()
        """Jobs that are to be cancelled; guarded by the lock, like the sets below."""
        self._killed = set[str]()
        self._released = set[str]()
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
                due_at = time.monotonic() + LIST_SECONDS
                self._list()
            left = max(0.0, due_at - time.monotonic())
            self._woken.wait(left if self._is_wanted else LIST_SECONDS)
            self._woken.clear()
        self._serve_requests()

    def _list(self) -> None:
        try:
            self.listing, self.problem = list_jobs(), ""
        except EnvironmentProblem as error:
            self.problem = error.message

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
                self.problem = error.message
                continue
            with self._lock:
                jobs.difference_update(ids)


def _environment() -> dict[str, str]:
    """Return the environment of Slurm's programs, which jobs inherit.

    The devices of this machine, and the job in which this process may run, are none of theirs; nor
    is how the user lists jobs. Slurm stores the environment of jobs, which need no API key.
    """
    return {
        name: value
        for name, value in child_environment().items()
        if name in _KEPT or not (name.startswith(("SLURM_", "SQUEUE_")) or name in _WITHHELD)
    }
