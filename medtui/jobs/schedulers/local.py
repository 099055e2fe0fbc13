"""The scheduler `local`: processes of this machine, one for each free device slot."""

import os
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from medtui.errors import EnvironmentProblem
from medtui.fork_server import StartedProcess
from medtui.jobs.courtesy import Courtesy
from medtui.jobs.device_slots import Slot
from medtui.jobs.schedulers import Ended, JobState, Place, Running, Vanished
from medtui.jobs.schedulers.task import Task
from medtui.jobs.slot_pool import SlotPool
from medtui.jobs.worker_process import WorkerStarter
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.ownership.liveness import LockReader
from medtui.runs.ownership.owner import Owner
from medtui.runs.ownership.signalling import request_stop, signal_holder
from medtui.telemetry import SamplerProcess


class LocalJob:
    """A child process on a slot, with the sampler of its telemetry."""

    def __init__(self, slot: Slot, process: StartedProcess, sampler: SamplerProcess | None) -> None:
        self.slot = slot
        self.process = process
        self.sampler = sampler
        self.state: JobState = Running()

    def stop(self) -> None:
        """Send SIGTERM."""
        self.process.terminate()

    def kill(self) -> None:
        """Kill the process's session."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class AdoptedWorker:
    """A worker that an earlier supervisor started, which has ended since; no child of this one."""

    def __init__(self, run: RunFolder, owner: Owner, slot: Slot | None) -> None:
        self.slot = slot
        """None where more workers run than there are slots."""
        self.state: JobState = Running()
        self._run, self._owner = run, owner

    def look(self) -> None:
        """Notice its end; nobody knows the exit status."""
        if not self._owner.is_running:
            self.state = Ended(0) if is_finished(self._run) else Vanished()

    def stop(self) -> None:
        """Ask it to stop, if it still has the run."""
        with suppress(EnvironmentProblem):
            request_stop(self._run.lock, self._run.name)

    def kill(self) -> None:
        """Kill it, if it still has the run."""
        with suppress(EnvironmentProblem):
            signal_holder(self._run.lock, signal.SIGKILL, self._run.name)


class LocalScheduler:
    """Starts processes on the slots of this machine that other users leave free."""

    name = "local"

    def __init__(
        self,
        slots: Sequence[Slot],
        workers: WorkerStarter | None = None,
        courtesy: Courtesy | None = None,
    ) -> None:
        """Without `courtesy`, all slots are used."""
        self._slots = list(slots)
        self._workers = workers or WorkerStarter()
        self._pool = SlotPool(slots, courtesy)
        self._jobs: list[LocalJob] = []
        self._adopted: list[AdoptedWorker] = []
        self.shares_cores = all(slot.device == "cpu" for slot in slots)

    @property
    def waiting_for(self) -> str:
        """Who computes on the devices that are free otherwise."""
        return self._pool.waiting_for

    def start(self, task: Task) -> LocalJob | None:
        """Start a process on a slot; None where none is free, or while torch is being imported."""
        slot = self._pool.take() if self._workers.is_settled else None
        if slot is None:
            return None
        try:
            process = self._workers.start(task, slot)
        except BaseException:
            self._pool.release(slot)
            raise
        job = LocalJob(slot, process, _sampler_of(task, process, slot))
        self._jobs.append(job)
        return job

    def reattach(self, task: Task) -> AdoptedWorker | None:
        """Return the worker of a run that outlived its supervisor."""
        owner = LockReader(task.run.lock).holder() if task.run is not None else None
        if task.run is None or owner is None or not owner.is_local:
            return None
        slot = self._pool.take_of(_devices_of(owner.pid))
        self._adopted.append(AdoptedWorker(task.run, owner, slot))
        return self._adopted[-1]

    def refresh(self) -> None:
        """Collect the exit statuses, free the slots, and restart samplers that crashed."""
        for job in list(self._jobs):
            status = job.process.poll()
            if status is None:
                if job.sampler is not None:
                    job.sampler.ensure_alive()
                continue
            if job.sampler is not None:
                job.sampler.stop()
            self._jobs.remove(job)
            self._pool.release(job.slot)
            job.state = Ended(status)
        for worker in list(self._adopted):
            worker.look()
            if not isinstance(worker.state, Running):
                self._adopted.remove(worker)
                if worker.slot is not None:
                    self._pool.release(worker.slot)

    def places(self) -> list[Place]:
        """Return the slots' devices."""
        counts = Counter(self._slots)
        return [Place(slot.devices, slot.device, count) for slot, count in counts.items()]

    def close(self) -> None:
        """End the fork server; workers outlive this process."""
        self._workers.close()


def _devices_of(pid: int) -> str:
    """Return the `CUDA_VISIBLE_DEVICES` with which a process was started; empty where unknown.

    It is unknown of one that a fork server forked.
    """
    try:
        values = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    name = b"CUDA_VISIBLE_DEVICES="
    found = next((each for each in values if each.startswith(name)), name)
    return os.fsdecode(found.removeprefix(name))


def _sampler_of(task: Task, process: StartedProcess, slot: Slot) -> SamplerProcess | None:
    """Start the sampler of a run; a benchmark has its own."""
    if task.run is None:
        return None
    sampler = SamplerProcess(process.pid, task.run.telemetry, log=task.log, devices=slot.devices)
    sampler.start()
    return sampler
