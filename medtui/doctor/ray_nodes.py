"""A tiny task on each node of a Ray cluster. Imports ray."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from medtui.doctor.node_job import JobEnd, NodeJob, probe_command
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.ray_connection import connect
from medtui.preset import Preset

NODE_LABEL = "ray.io/node-id"

Node = Mapping[str, Any]
"""A node as `ray.nodes` describes it."""


def start_on_nodes(preset: Preset, folder: Path, data: str) -> list[NodeJob]:
    """Start a task on each node that can take a run.

    Raises:
        EnvironmentProblem: the cluster does not answer, or no node can take a run.
    """
    settings = preset.ray_tasks
    connect(settings.address)
    num_gpus = settings.gpus_of_run(preset.machine)
    wanted = {"CPU": settings.num_cpus, "GPU": num_gpus, **settings.resources}
    nodes = [node for node in ray.nodes() if node["Alive"]]
    fitting = [node for node in nodes if _fits(node, wanted, settings.labels)]
    if not fitting:
        asked = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items() if amount)
        raise EnvironmentProblem(
            f"None of {len(nodes)} Ray nodes offers {asked} to a run.",
            hint=_hint(nodes, num_gpus),
        )
    probe = ray.remote(_probe)
    jobs = []
    for place, node in enumerate(fitting):
        command = probe_command(folder, f"answer-{place}", data, python="")
        promise = probe.options(
            num_cpus=settings.num_cpus, num_gpus=num_gpus, max_retries=0,
            label_selector={NODE_LABEL: node["NodeID"]},
        ).remote(command[1:])  # fmt: skip
        jobs.append(_job(node, f"answer-{place}", promise, has_gpu=num_gpus > 0))
    return jobs


def _hint(nodes: Sequence[Node], num_gpus: float) -> str:
    """Return what to do where no node offers what a run asks for."""
    if num_gpus and not any(node["Resources"].get("GPU") for node in nodes):
        return 'The cluster has no GPU: runs ask for none with machine.device = "cpu".'
    return "Compare ray.num_cpus, num_gpus, resources and labels with: ray status"


def _fits(node: Node, wanted: Mapping[str, float], labels: Mapping[str, str]) -> bool:
    resources, found = node["Resources"], node.get("Labels", {})
    return all(resources.get(name, 0) >= amount for name, amount in wanted.items()) and all(
        found.get(name) == value for name, value in labels.items()
    )


def _probe(arguments: list[str]) -> str:
    """Run the probe on a node with its Python; return why it failed, empty if it did not."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return (lines or [f"exit status {done.returncode}"])[-1] if done.returncode else ""


def _job(node: Node, answer: str, promise: Any, *, has_gpu: bool) -> NodeJob:  # noqa: ANN401 - Ray's promises have no public type
    host = str(node["NodeManagerHostname"])
    name = f"{host} {node['NodeName']}" if node["NodeName"] != node["NodeManagerAddress"] else host

    def state() -> JobEnd | str:
        kept, _ = ray.wait([promise], timeout=0)
        if not kept:
            return "its CPUs or GPUs may be in use"
        try:
            problem = str(ray.get(promise))
        except RayError as error:
            return JobEnd(last_word(error))
        return JobEnd(problem) if problem else ""

    return NodeJob(name, answer, state, lambda: ray.cancel(promise, force=True), has_gpu)


def last_word(error: Exception) -> str:
    """Return the last line of an error of a task, in which Python names its cause."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
