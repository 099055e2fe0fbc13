"""The sections on where runs are computed: devices, and jobs of a Slurm cluster."""

import re
from typing import Literal

from pydantic import Field, field_validator

from medtui.preset.document import Many
from medtui.preset.toml import Document

LEAST_SECONDS = 300
"""Shortest time limit of a job: a shorter one would leave no time between start and warning."""

SchedulerName = Literal["local", "slurm", "ray"]


class MachineSettings(Document):
    """The devices that runs use, and what places runs on them."""

    scheduler: SchedulerName = "local"
    """What places runs: `local` on the devices of this machine, `slurm` as jobs of a cluster, see
    `[slurm]`, `ray` on the nodes of a Ray cluster, see `[ray]`. No result depends on it, as far as
    the hardware is the same."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """`auto` takes every GPU (see `polite`), or the CPU where there is none; in a job, the GPU that
    the job has."""
    workers: int = Field(default=0, ge=0, le=256)
    """Parallel runs; 0 is `runs_per_gpu` for each GPU, or a single-threaded one for each core; in a
    cluster, as many as it has room for."""
    runs_per_gpu: int = Field(default=1, ge=1, le=64)
    """Runs that share a GPU, for networks that do not fill one; without effect on a CPU, and in a
    cluster."""
    polite: bool = True
    """Whether `auto` leaves GPUs alone on which other users compute, and waits for them. On a CPU,
    fewer runs are started beside the load of other users. A cluster's scheduler decides itself."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads of a run; 0 lets the study choose and record. Results' bits depend on it."""
    reference_threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads of the reference, which runs alone; 0 lets the study choose and record."""


class SlurmSettings(Document):
    """The jobs of a study on a Slurm cluster, for `machine.scheduler = "slurm"`.

    One run is one job, whose script is `job.sh` in the run's folder; the folder must be at the same
    path on all nodes. Where a key is empty or 0, the cluster's default holds.
    """

    partition: str = Field(default="", pattern=r"^[A-Za-z0-9_.,-]*$", examples=["gpu"])
    """Partitions that a job may run in, separated by commas."""
    gres: str = Field(default="", pattern=r"^[A-Za-z0-9_.:,=-]*$", examples=["gpu:1"])
    """Generic resources, such as `gpu:1`; without a GPU, runs use the CPU."""
    time: str = Field(
        default="", pattern=r"^(\d+(-\d+(:\d+){0,2})?|\d+:\d+(:\d+)?)?$", examples=["04:00:00"]
    )
    """Time limit of a job, as `hours:minutes:seconds` or `days-hours`. Two minutes before it, a run
    writes a checkpoint and the job is queued again: a limit shortens no run."""
    cpus: int = Field(default=1, ge=1, le=1024)
    """CPU cores of a job; also the threads of its run, unless `machine.threads` says otherwise."""
    memory: str = Field(default="", pattern=r"^(\d+[KMGT]?)?$", examples=["8G"])
    """Memory of a job; without a unit, MiB."""
    constraint: str = Field(default="", pattern=r"^[A-Za-z0-9_.&|*()\[\]-]*$", examples=["a100"])
    """Features that a node must have: bits of results depend on the kind of processor and GPU."""
    account: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$")
    """Account that is charged for the jobs."""
    qos: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$")
    """Quality of service of the jobs."""
    setup: Many[str] = Field(default=(), examples=[["module load cuda"]])
    """Lines of shell that a job runs first; one that fails ends the job."""
    python: str = ""
    """Path of the Python on the nodes; empty takes the one that runs medtui here."""
    max_jobs: int = Field(default=100, ge=1, le=10_000)
    """Jobs of a study that wait or run at once, for queues that limit what one user submits."""
    max_requeues: int = Field(default=50, ge=0, le=10_000)
    """How often the cluster, or the time limit, may start one job again."""

    @property
    def has_gpu(self) -> bool:
        """Whether its jobs ask for a GPU."""
        return "gpu" in self.gres or "gpu" in self.constraint

    @field_validator("time")
    @classmethod
    def _time_leaves_room(cls, value: str) -> str:
        if value and _seconds_of(value) < LEAST_SECONDS:
            raise ValueError(
                f"{value!r} is shorter than {LEAST_SECONDS // 60} minutes; a run is asked to stop "
                "2 minutes before the limit, and a number alone means minutes"
            )
        return value

    @field_validator("setup")
    @classmethod
    def _setup_is_lines(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            if not line.isprintable() or not line.strip():
                raise ValueError(f"{line!r} must be one printable line; give one element a line")
        return value

    @field_validator("python")
    @classmethod
    def _python_is_a_path(cls, value: str) -> str:
        if not value.isprintable() or re.match(r"\s|-", value):
            raise ValueError(f"{value!r} is no path of a program")
        return value


def _seconds_of(time: str) -> int:
    """Return the seconds of one of Slurm's ways to write a time. Source: sbatch(1), `--time`."""
    days, dash, rest = time.rpartition("-")
    numbers = [int(each) for each in rest.split(":")]
    is_in_hours = bool(dash) or len(numbers) == 3  # noqa: PLR2004 - hours, minutes, seconds
    units = (3600, 60, 1) if is_in_hours else (60, 1, 0)
    seconds = sum(number * unit for number, unit in zip(numbers, units, strict=False))
    return seconds + (int(days) * 86400 if dash else 0)
