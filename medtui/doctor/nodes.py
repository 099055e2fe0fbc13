"""Starts a tiny job in each partition or on each node of a cluster, and collects the answers."""

import fcntl
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from medtui.doctor.finding import Finding
from medtui.doctor.node_findings import Here, ProbedPlace, examine_place
from medtui.doctor.node_job import JobEnd, NodeJob
from medtui.doctor.node_probe import HELD, NodeFacts, clock_offset, decoder
from medtui.errors import EnvironmentProblem, explain_os_error
from medtui.preset import Preset
from medtui.runs.ownership.flock import try_flock
from medtui.storage import UnreadableFile, read_bytes
from medtui.telemetry.process_stat import own_boot_id

POLL_SECONDS = 1.0

GRACE_SECONDS = 5.0
"""How long the answer of a job that has ended may take to be seen from here."""

MAX_BYTES = 64 * 1024


def examine_cluster(
    preset: Preset, runs_dir: Path, *, wait_seconds: float = 120.0
) -> Iterator[Finding]:
    """Yield a finding for each place in which the preset's scheduler could start runs.

    Each must be able to read the preset's `data.root`, if there is one.

    Raises:
        EnvironmentProblem: the scheduler does not answer, or the runs folder cannot be written.
    """
    with _shared_folder(runs_dir) as folder:
        here = Here(own_boot_id(), platform.python_version(), clock_offset(folder))
        jobs = _start_jobs(preset, folder, preset.data.root)
        for place in await_places(jobs, folder, wait_seconds):
            yield examine_place(place, here)


def await_places(jobs: list[NodeJob], folder: Path, wait_seconds: float) -> Iterator[ProbedPlace]:
    """Yield what each job came to, in their order; cancel those that do not start in time."""
    deadline = time.monotonic() + wait_seconds
    for job in jobs:
        yield _await_place(job, folder, deadline)


def _await_place(job: NodeJob, folder: Path, deadline: float) -> ProbedPlace:
    ended_at: float | None = None
    while True:
        state = job.state()
        facts = _read_answer(folder / job.answer)
        if facts is not None:
            return ProbedPlace(job.place, facts, has_gpu=job.has_gpu)
        if isinstance(state, JobEnd):
            ended_at = ended_at or time.monotonic()
            if time.monotonic() - ended_at >= GRACE_SECONDS:
                return ProbedPlace(
                    job.place, problem=state.reason, remedy=state.remedy, has_gpu=job.has_gpu
                )
        elif time.monotonic() >= deadline:
            job.cancel()
            text = f"no answer in time: {state}" if state else "started, but did not answer in time"
            return ProbedPlace(job.place, problem=text, is_waiting=bool(state), has_gpu=job.has_gpu)
        time.sleep(POLL_SECONDS)


def _read_answer(path: Path) -> NodeFacts | None:
    try:
        return decoder.decode(read_bytes(path, MAX_BYTES))
    except (UnreadableFile, msgspec.DecodeError):
        return None


def _start_jobs(preset: Preset, folder: Path, data: str) -> list[NodeJob]:
    match preset.machine.scheduler:
        case "ray":
            from medtui.doctor.ray_nodes import start_on_nodes

            return start_on_nodes(preset, folder, data)
        case "slurm":
            from medtui.doctor.slurm_partitions import start_in_partitions

            return start_in_partitions(preset, folder, data)
        case _:
            raise EnvironmentProblem("This machine needs no jobs: run medtui doctor.")


@contextmanager
def _shared_folder(runs_dir: Path) -> Iterator[Path]:
    """Make a folder in the runs folder, and hold a lock in it; delete it at the end.

    Raises:
        EnvironmentProblem: the runs folder cannot be written.
    """
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".medtui-doctor-", dir=runs_dir.resolve()))
        held = (folder / HELD).open("wb")
    except OSError as error:
        raise explain_os_error(error) from error
    try:
        with held:
            try_flock(held.fileno(), fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
