"""What `squeue` prints of a user's jobs, as states."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from medtui.jobs.schedulers import Ended, JobState, Running, Vanished, Waiting
from medtui.jobs.schedulers.slurm_programs import LISTING_FORMAT, list_queue

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

_LOST = frozenset({"BOOT_FAIL", "NODE_FAIL", "PREEMPTED", "REVOKED"})
"""Words for jobs that Slurm ended although they did nothing wrong.

Slurm queues a job again then, unless its `PreemptMode` is `CANCEL`, or it allows no requeue.
"""

_NOT_LAUNCHED = "launch failed requeued held"
"""Source: agent.c of Slurm 22.05."""


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
        if self.word in _OVER:
            return Vanished(self.word, is_lost=self.word in _LOST)
        return Running(self.nodes)

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
        """Whether Slurm keeps it from starting because of its nodes, and nobody asked for that.

        They failed under it several times (slurm.conf(5), `max_batch_requeue`: 5 unless the cluster
        says otherwise), or one could not launch it, as where a controller that was killed knows an
        older state of the job than the node.
        """
        is_at_limit = self.word == "REQUEUE_HOLD" and self.reason == "JobHoldMaxRequeue"
        return is_at_limit or self.reason == _NOT_LAUNCHED

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

    def of(self, identifier: str, name: str) -> QueueLine | None:
        """Return the job with an identifier, if it has this name, too.

        A controller that was killed may have forgotten its last jobs, and give their numbers again.
        """
        line = self.jobs.get(identifier)
        return line if line is not None and line.name == name else None

    def named(self, name: str) -> QueueLine | None:
        """Return the job of a name."""
        return next((each for each in self.jobs.values() if each.name == name), None)


def parse_listing(text: str, asked_at: float) -> Listing:
    """Return the jobs of `squeue`'s output."""
    found = dict[str, QueueLine]()
    for line in text.splitlines():
        parts = line.strip().split("|", 4)
        if len(parts) == len(LISTING_FORMAT.split("|")):
            found[parts[0]] = QueueLine(*parts)
    return Listing(asked_at, found)


def list_jobs() -> Listing:
    """Return the jobs of this user.

    Raises:
        EnvironmentProblem: Slurm does not answer.
    """
    asked_at = time.monotonic()
    return parse_listing(list_queue(), asked_at)
