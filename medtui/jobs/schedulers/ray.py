"""Places the processes of a study on the nodes of a Ray cluster (`machine.scheduler = "ray"`).

The cluster is the user's; this starts none. Each task is an actor, see `ray_actor`; Ray decides
where it fits, and makes it again elsewhere when its node is lost. The study and its data have the
same paths on all nodes. Imports ray: only a study that asks for it imports this.
"""

import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import ray
from msgspec.structs import replace
from ray.actor import ActorHandle

from medtui import __version__
from medtui.jobs.schedulers import Handle, JobState, Place, Task, Waiting
from medtui.jobs.schedulers.ray_actor import TaskActor
from medtui.jobs.schedulers.ray_connection import NAMESPACE, connect, explained
from medtui.jobs.schedulers.ray_job import RayJob
from medtui.jobs.schedulers.recorded_state import with_state
from medtui.preset import MachineSettings, RaySettings
from medtui.runs.job_record import JobRecord, read_job, write_job
from medtui.runs.ownership.claim import Fence
from medtui.units import plural

MAX_WAITING = 16
"""Tasks that wait in Ray at once; what a study has beyond them waits in its supervisor."""


class RayScheduler:
    """Starts tasks as detached actors."""

    name = "ray"
    shares_cores = False

    def __init__(self, machine: MachineSettings, settings: RaySettings, fence: Fence) -> None:
        """Connect to the cluster. `fence` guards the folders in which jobs are recorded.

        Raises:
            EnvironmentProblem: there is none at the address, or it refuses this process.
        """
        self.waiting_for = ""
        self._settings, self._max_jobs = settings, machine.workers
        self._num_gpus = settings.gpus_of_run(machine)
        self._fence, self._jobs = fence, list[RayJob]()
        connect(settings.address)
        self._actor = ray.remote(TaskActor)

    def start(self, task: Task) -> Handle | None:
        """Start a task; None where as many wait as may."""
        jobs = [job for job in self._jobs if not job.is_over]
        num_waiting = sum(isinstance(job.state, Waiting) for job in jobs)
        is_full = bool(self._max_jobs) and len(jobs) >= self._max_jobs
        self.waiting_for = self._request if is_full or num_waiting >= MAX_WAITING else ""
        if self.waiting_for:
            return None
        device = "cuda:0" if self._num_gpus else "cpu"
        record = JobRecord(
            self.name, secrets.token_hex(8), python=sys.executable, version=__version__
        )
        write_job(task.folder, record, self._fence)
        with explained("could not start a run"):
            actor = self._actor.options(
                name=_name_of(task, record), namespace=NAMESPACE, lifetime="detached",
                max_restarts=self._settings.max_restarts, max_task_retries=-1,
                num_cpus=self._settings.num_cpus, num_gpus=self._num_gpus,
                resources=self._settings.resources or None,
                label_selector=self._settings.labels or None,
            )  # fmt: skip
            return self._follow(task, record, actor.remote(task, device, __version__))

    def reattach(self, task: Task) -> Handle | None:
        """Return the task of an earlier process of this study if its actor is there."""
        record = read_job(task.folder)
        if record is None or record.scheduler != self.name or not record.is_alive:
            return None
        with explained("could not be asked for a run"):
            try:
                actor = ray.get_actor(_name_of(task, record), namespace=NAMESPACE)
            except ValueError:
                return None
            return self._follow(task, record, actor)

    def refresh(self) -> None:
        """Note what Ray has answered since the last call."""
        self._jobs = [job for job in self._jobs if not job.is_over]
        promises = [promise for job in self._jobs for promise in job.promises]
        if not promises:
            return
        kept, _ = ray.wait(promises, num_returns=len(promises), timeout=0, fetch_local=False)
        answers = set(kept)
        for job in self._jobs:
            job.look(answers)

    def places(self) -> list[Place]:
        """Return the nodes that are alive, with how many runs each takes by its resources."""
        with explained("could not be asked for its nodes"):
            nodes = [node for node in ray.nodes() if node["Alive"]]
        device = "auto" if self._num_gpus else "cpu"
        return [
            Place(node["NodeManagerHostname"], device, self._num_fitting(node)) for node in nodes
        ]

    def close(self) -> None:
        """Disconnect; actors continue."""
        ray.shutdown()

    def _follow(self, task: Task, record: JobRecord, actor: ActorHandle) -> RayJob:
        record = replace(record, id=_name_of(task, record))

        def note(state: JobState) -> None:
            nonlocal record
            record = with_state(record, state)  # with the place of the state before
            with suppress(OSError):  # for readers; the token is written already
                write_job(task.folder, record, self._fence)

        job = RayJob(actor, self._request, note)
        note(job.state)
        self._jobs.append(job)
        return job

    @property
    def _request(self) -> str:
        """What a run waits for: `1 free CPU, 0.5 GPUs`."""
        named = {f"{name}": amount for name, amount in self._settings.resources.items()}
        words = [plural(self._settings.num_cpus, "free CPU")]
        if self._num_gpus:
            words.append("1 GPU" if self._num_gpus == 1 else f"{self._num_gpus:.3g} GPUs")
        words += [f"{amount:g} {name}" for name, amount in named.items()]
        words += [f"{name}={value}" for name, value in self._settings.labels.items()]
        return ", ".join(words)

    def _num_fitting(self, node: Mapping[str, Any]) -> int:
        labels, resources = node.get("Labels", {}), node["Resources"]
        if any(labels.get(name) != value for name, value in self._settings.labels.items()):
            return 0
        wanted = {"CPU": float(self._settings.num_cpus), "GPU": self._num_gpus}
        wanted |= self._settings.resources
        return min(int(resources.get(name, 0) / each) for name, each in wanted.items() if each)


def _name_of(task: Task, record: JobRecord) -> str:
    """Return the name of the actor of one start, by which the next supervisor finds it."""
    return f"{task.name} {record.token}"
