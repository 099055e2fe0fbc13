"""What places the processes of a study on devices: this machine, Slurm or Ray.

The supervisor decides what is started next, and what is started again; a `Scheduler` decides where,
and when there is room. `machine.scheduler` of the preset names one of:

- `local`: processes of this machine, one for each device slot.
- `slurm`: jobs of a Slurm cluster, by `sbatch`, `squeue` and `scancel`.

Nothing here imports torch; each scheduler's own library is imported when a study uses it.
"""

from dataclasses import dataclass
from typing import Protocol

from medtui.jobs.schedulers.task import Task


@dataclass(frozen=True)
class Waiting:
    """The scheduler has accepted the job, and has not started it yet, or will start it again."""

    reason: str = ""
    """The scheduler's own word, such as Slurm's `Resources`; empty where it has none yet."""


@dataclass(frozen=True)
class Running:
    """The job's process is computing."""

    place: str = ""
    """Where, as the scheduler names it; empty on this machine."""


@dataclass(frozen=True)
class Ended:
    """The job's process has ended, or the job was cancelled before it had one."""

    status: int
    """Exit status, negative for the number of a signal."""


@dataclass(frozen=True)
class Vanished:
    """The job is over, and nobody knows how its process ended: its node failed, for example."""

    reason: str = ""
    """What the scheduler says, such as `NODE_FAIL`."""
    is_lost: bool = False
    """Whether the cluster took the place away: by preemption, or by a failure of its own."""


JobState = Waiting | Running | Ended | Vanished


@dataclass(frozen=True)
class Place:
    """A place where a scheduler puts processes: a device of this machine, a node, a partition."""

    name: str
    device: str
    """`cpu`, `cuda:0`, or `auto` where only the process will know."""
    num_jobs: int
    """How many of a study's jobs it takes at once; 0 where the scheduler does not tell."""


class Handle(Protocol):
    """One started job."""

    @property
    def state(self) -> JobState:
        """The state as of the scheduler's last `refresh`."""

    def stop(self) -> None:
        """Ask the process to stop after its current step; a job that waits is cancelled."""

    def kill(self) -> None:
        """Kill the process, which gets no time to write a checkpoint."""


class Scheduler(Protocol):
    """Starts jobs, and looks after those that it has started. Used by one thread."""

    name: str
    """As `machine.scheduler` names it."""
    shares_cores: bool
    """Whether jobs side by side take CPU cores from each other."""

    @property
    def waiting_for(self) -> str:
        """Why the last `start` found no room, such as `GPU 0 used by anna`; empty if it did."""

    def start(self, task: Task) -> Handle | None:
        """Start a job; None where there is no room, or no answer yet. Never blocks for long.

        Raises:
            EnvironmentProblem: the scheduler refuses such a job for good, or cannot be reached.
            OSError: the task's folder cannot be written.
            Superseded: another process has taken the study over.
        """

    def reattach(self, task: Task) -> Handle | None:
        """Return the job of an earlier process of this study if it waits or runs; else None.

        Raises:
            EnvironmentProblem: the scheduler cannot be asked, so that starting the job again might
                start it twice.
        """

    def refresh(self) -> None:
        """Bring the state of every job up to date; called several times a second, never blocks."""

    def places(self) -> list[Place]:
        """Return where jobs can be placed.

        Raises:
            EnvironmentProblem: the scheduler cannot be asked.
        """

    def close(self) -> None:
        """Stop looking after the jobs; those that run, or wait, are left to themselves."""


__all__ = [
    "Ended",
    "Handle",
    "JobState",
    "Place",
    "Running",
    "Scheduler",
    "Task",
    "Vanished",
    "Waiting",
]
