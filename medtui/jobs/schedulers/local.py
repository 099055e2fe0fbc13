"""The scheduler `local`: processes of this machine, one for each free device slot."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from medtui.fork_server import StartedProcess
from medtui.jobs.courtesy import Courtesy
from medtui.jobs.device_slots import Slot
from medtui.jobs.schedulers import Ended, JobState, Place, Running
from medtui.jobs.schedulers.task import Task
from medtui.jobs.slot_pool import SlotPool
from medtui.jobs.worker_process import WorkerStarter
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

    def reattach(self, task: Task) -> None:  # noqa: ARG002 - part of the interface
        """Return None: this process is the parent of all that it looks after."""
        return

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

    def places(self) -> list[Place]:
        """Return the slots' devices."""
        numbers = dict.fromkeys(self._slots, 0)
        for slot in self._slots:
            numbers[slot] += 1
        return [Place(each.devices, each.device, number) for each, number in numbers.items()]

    def close(self) -> None:
        """End the fork server; workers outlive this process."""
        self._workers.close()


def _sampler_of(task: Task, process: StartedProcess, slot: Slot) -> SamplerProcess | None:
    """Start the sampler of a run; a benchmark has its own."""
    if task.run is None:
        return None
    sampler = SamplerProcess(process.pid, task.run.telemetry, log=task.log, devices=slot.devices)
    sampler.start()
    return sampler
