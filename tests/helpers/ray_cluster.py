"""Two Ray nodes and their head on loopback: `with RayCluster() as cluster`.

The processes are children of the tests, with a token, a folder and ports of their own, so that
another Ray on the machine neither disturbs them nor is disturbed: no process looks for a cluster.
"""

import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import psutil

from tests.helpers.loopback_cluster import (
    LoopbackCluster,
    free_ports,
    kill_all,
    processes_with,
    scratch_folder,
)
from tests.helpers.paths import REPOSITORY
from tests.helpers.waiting import wait_until

NODES = ("n1", "n2")

START_SECONDS = 120.0

_PORTS = ("runtime-env-agent-port", "dashboard-agent-grpc-port", "dashboard-agent-listen-port",
          "metrics-export-port", "node-manager-port", "object-manager-port")  # fmt: skip

_HEAD_PORTS = ("ray-client-server-port", "dashboard-port")

_PORT_FILE = "dashboard_agent_listen_port_{}"

_STORE_BYTES = 80_000_000
"""The least that Ray accepts is 75 MiB."""


def why_no_ray() -> str:
    """Return why no cluster can be started; empty if one can."""
    return "" if importlib.util.find_spec("ray") else "NO RAY: pip install medtui[ray]"


class RayCluster(LoopbackCluster):
    """A head without resources, and two nodes of one CPU and one GPU each."""

    def __init__(self, token: str = "") -> None:
        """Prepare a cluster with another token than the tests', if one is given."""
        self.folder = scratch_folder("ray")
        self.address = f"127.0.0.1:{free_ports(1)[0]}"
        self._token = token or os.environ["RAY_AUTH_TOKEN"]
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start the head and the nodes."""
        self.start_nodes("head")
        self.start_nodes(*NODES)

    def stop(self) -> None:
        """End all nodes with what runs on them; delete the cluster's files."""
        for name in list(self._nodes):
            self.kill_node(name)
        mark = str(self.folder)
        kill_all(processes_with(lambda words, _: any(mark in word for word in words)))
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_nodes(self, *names: str) -> None:
        """Start nodes, and wait until they have joined."""
        for name in names:  # one by one: those of one host choose the names of sockets in turn
            node_id = self._launch(name)
            wait_until(
                lambda: self._has_started(name, node_id),  # noqa: B023 - called at once
                f"Ray's {name}",
                START_SECONDS,
            )

    def _launch(self, name: str) -> str:
        """Start the processes of a node; return its identifier."""
        log = self.folder / f"{name}.log"
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block",
                   "--disable-usage-stats", f"--node-name={name}", "--node-ip-address=127.0.0.1",
                   f"--object-store-memory={_STORE_BYTES}", f"--temp-dir={self.folder}/t",
                   "--min-worker-port=0", "--max-worker-port=0", "--include-log-monitor=false",
                   *_port_options(_PORTS)]  # fmt: skip
        if name == "head":
            port = self.address.partition(":")[2]
            command += ["--head", f"--port={port}", "--num-cpus=0", "--num-gpus=0",
                        "--include-dashboard=false", "--no-monitor",
                        *_port_options(_HEAD_PORTS)]  # fmt: skip
        else:
            command += [f"--address={self.address}", "--num-cpus=1", "--num-gpus=1",
                        f"--labels=name={name}"]  # fmt: skip
        node_id = secrets.token_hex(28)
        own = {"RAY_OVERRIDE_NODE_ID_FOR_TESTING": node_id}
        with log.open("wb") as output:
            self._nodes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=self._environment() | own, start_new_session=True,
            )  # fmt: skip
        return node_id

    def kill_node(self, name: str) -> None:
        """Kill all processes of a node, as a loss of its machine does."""
        node = self._nodes.pop(name)
        kill_all(_tree(node.pid))
        node.wait()

    def kill_raylet(self, name: str) -> None:
        """Kill a node's scheduler alone; Ray's own processes there end by themselves."""
        node = self._nodes.pop(name)
        tree = _tree(node.pid)
        kill_all(each for each in tree if each.name() == "raylet")
        node.wait(START_SECONDS)

    def heal(self) -> None:
        """Start the nodes again that were killed; all, if the head is among them."""
        if "head" not in self._nodes:
            for name in list(self._nodes):
                self.kill_node(name)
            self.start_nodes("head")
        self.start_nodes(*[name for name in NODES if name not in self._nodes])

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items()
               if not name.startswith(("MEDTUI_", "RAY_"))}  # fmt: skip
        return own | {
            "PYTHONPATH": str(REPOSITORY),
            "MEDTUI_CACHE_DIR": str(self.folder / "cache"),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self._token,
            "RAY_memory_monitor_refresh_ms": "0",
            # A node whose processes are gone is noticed after 2 s instead of 15 s, one that does
            # not answer, since the machine is busy, is given 30 s.
            "RAY_health_check_initial_delay_ms": "0",
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_timeout_ms": "10000",
            "RAY_health_check_failure_threshold": "3",
        }  # fmt: skip

    def _has_started(self, name: str, node_id: str) -> bool:
        # Ray ends a node whose agent did not name its port within 15 s, as on a busy machine. It is
        # named here instead; nobody asks the agent for anything.
        # Source: https://github.com/ray-project/ray/issues/65983
        session = self.folder / "t" / "session_latest"
        if session.exists():
            with (
                suppress(FileExistsError),
                (session / _PORT_FILE.format(node_id)).open("x") as file,
            ):
                file.write("-1")
        text = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        assert self._nodes[name].poll() is None, text
        return "Ray runtime started" in text


def _port_options(names: Sequence[str]) -> list[str]:
    """Return free ports: for one that an agent chooses itself, Ray waits 30 s at most."""
    return [f"--{name}={port}" for name, port in zip(names, free_ports(len(names)), strict=True)]


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
