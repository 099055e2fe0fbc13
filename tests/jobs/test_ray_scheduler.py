"""Tasks on a Ray cluster: what holds for Ray beside the contract of all schedulers."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import Ended, Task, Vanished
from medtui.jobs.schedulers.choice import open_scheduler
from medtui.jobs.schedulers.ray_actor import command_of
from medtui.jobs.schedulers.task import worker_task
from medtui.preset import parse_preset
from medtui.runs.ownership.claim import unfenced
from tests.helpers.loopback_cluster import free_ports, is_alive
from tests.helpers.mini_study import mini_preset
from tests.helpers.small_study import record_study
from tests.helpers.waiting import wait_until

MODULE = "tests.helpers.scheduled_process"

PRESET = parse_preset(mini_preset(machine={"scheduler": "ray", "device": "cpu"}), "test")


@pytest.fixture
def scheduler(ray_cluster):
    """Return a scheduler whose tasks take one of two CPUs each, and no GPU."""
    opened = open_scheduler(PRESET, unfenced)
    yield opened
    opened.close()


def task_in(folder: Path, log: Path | None = None) -> Task:
    """Return a task with a folder of its own."""
    folder.mkdir()
    return Task(MODULE, folder, ("0", "0"), f"study/{folder.name}", log or folder / "log", 1)


def await_state(scheduler, handle, kind: type) -> None:
    """Wait until a handle is in a state of a kind."""

    def is_in_it() -> bool:
        scheduler.refresh()
        return isinstance(handle.state, kind)

    wait_until(is_in_it, kind.__name__)


def node_of(process: psutil.Process) -> str:
    """Return the name of the Ray node under whose processes one is."""
    for parent in process.parents():
        for word in parent.cmdline():
            if word.startswith("--node-name="):
                return word.partition("=")[2]
    raise AssertionError(f"{process} is on no node")


@pytest.mark.faults
def test_what_a_lost_node_computed_goes_on_on_the_other_node(scheduler, ray_cluster, tmp_path):
    """Its process ends with the node. A log that cannot be written is named."""
    task, hopeless = task_in(tmp_path / "a"), task_in(tmp_path / "b", Path("/absent/log"))
    handle, vanished = scheduler.start(task), scheduler.start(hopeless)
    await_state(scheduler, vanished, Vanished)
    assert "/absent/log" in vanished.state.reason
    alive = task.folder / "alive-0"
    wait_until(lambda: alive.exists() and alive.read_text(), "its process")
    first = psutil.Process(int(alive.read_text()))
    node = node_of(first)
    ray_cluster.kill_raylet(node)
    wait_until(lambda: alive.read_text() not in {"", str(first.pid)}, "a second process")
    assert not is_alive(first)
    assert node_of(psutil.Process(int(alive.read_text()))) != node
    (task.folder / "go").touch()
    await_state(scheduler, handle, Ended)
    assert handle.state == Ended(0)
    assert (task.folder / "history").read_text().split() == ["+0", "+0", "-0"]


def test_a_process_ends_with_the_process_that_started_it(tmp_path):
    """Also when that is killed, and nobody is left to end it."""
    program = (
        "import os, subprocess, sys, time; "
        "subprocess.Popen([sys.executable, '-m', 'medtui.jobs.schedulers.tether', "
        f"str(os.getpid()), {MODULE!r}, {str(tmp_path)!r}, '--device', 'cpu', '0', 'deaf']); "
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    alive = tmp_path / "alive-0"
    wait_until(lambda: alive.exists() and alive.read_text(), "the process")
    child = psutil.Process(int(alive.read_text()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not is_alive(child), "its end")


@pytest.fixture
def connection():
    """Return what connects to clusters, or skip."""
    pytest.importorskip("ray", reason="NO RAY: pip install medtui[ray]")
    from medtui.jobs.schedulers import ray_connection

    return ray_connection


def test_a_cluster_that_is_not_there_is_named(connection):
    """At once: Ray itself would wait for more than ten minutes."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    text = mini_preset(machine={"scheduler": "ray"}, ray={"address": address})
    with pytest.raises(EnvironmentProblem, match="No Ray cluster answers at") as caught:
        open_scheduler(parse_preset(text, "test"), unfenced)
    assert address.partition(":")[2] in caught.value.message
    assert "ray start --head" in caught.value.hint


def test_what_is_no_address_is_named(connection):
    """Where a port is missing, for example."""
    with pytest.raises(EnvironmentProblem, match="box1 is no address of a Ray cluster"):
        connection.connect("box1")


def test_a_machine_that_is_no_node_is_told_how_to_join(connection, monkeypatch):
    """Ray accepts studies from its nodes only."""
    monkeypatch.setattr(connection, "find_node_ids", set)
    with socket.create_server(("", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(EnvironmentProblem, match="This machine is no node") as caught:
            connection.connect(address)
    assert "--num-cpus 0" in caught.value.hint


def test_doctor_names_the_device_where_a_cluster_has_no_gpu(connection, monkeypatch, tmp_path):
    """Runs ask for a GPU unless the preset says otherwise."""
    from medtui.doctor import ray_nodes

    node = {"Alive": True, "Resources": {"CPU": 4.0}, "NodeID": "a"}
    monkeypatch.setattr(ray_nodes, "connect", lambda _address: None)
    monkeypatch.setattr(ray_nodes.ray, "nodes", lambda: [node])
    preset = parse_preset(mini_preset(machine={"scheduler": "ray"}), "test")
    with pytest.raises(
        EnvironmentProblem, match="None of 1 Ray nodes offers 1 CPU, 1 GPU"
    ) as caught:
        ray_nodes.start_on_nodes(preset, tmp_path, "")
    assert 'machine.device = "cpu"' in caught.value.hint
    node["Resources"] = {"GPU": 1.0}
    with pytest.raises(EnvironmentProblem) as caught:
        ray_nodes.start_on_nodes(preset, tmp_path, "")
    assert caught.value.hint.endswith("with: ray status")


def test_only_a_study_on_ray_imports_ray():
    """Neither the supervisor, nor doctor, nor the other schedulers do."""
    modules = ("jobs.supervisor", "jobs.schedulers.choice", "jobs.schedulers.slurm", "doctor.nodes",
               "cli.doctor")  # fmt: skip
    program = "; ".join(["import sys", *(f"import medtui.{module}" for module in modules)])
    program += "; sys.exit(any(name in sys.modules for name in ('ray', 'torch')))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_command_of_a_run_is_one_that_the_worker_accepts(tmp_path):
    """Of a run that is finished, so that there is nothing to compute."""
    study = record_study(tmp_path, "cells")
    task = worker_task(study.run("prune-0.1"), PRESET, silent_stamp="1-00", after_signal=9)
    done = subprocess.run(
        command_of(task, "cpu"), capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
