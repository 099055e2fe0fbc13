"""Two Slurm nodes on loopback, beside any Slurm of the machine: `with SlurmCluster() as cluster`.

Daemons, munge with a key of its own included, are children of the tests, listen on free ports of
loopback, and keep their files in a folder under /tmp. Their GPUs are terminals: a job is given
`CUDA_VISIBLE_DEVICES` and can compute on none.
"""

import getpass
import os
import secrets
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from tests.helpers.loopback_cluster import (
    LoopbackCluster,
    free_ports,
    kill_all,
    processes_with,
    scratch_folder,
)
from tests.helpers.waiting import wait_until

NODES = ("n1", "n2")

GPUS_PER_NODE = 2

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")

START_SECONDS = 90.0

_NODE_MARK = "MEDTUI_TEST_SLURM_NODE"

CONFIGURATION = """
ClusterName=loopback
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CryptoType=crypto/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdParameters=config_overrides
SlurmdTimeout=15
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1,requeue_delay=1
JobRequeue=1
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
GresTypes=gpu
KillWait=20
UnkillableStepTimeout=600
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[1]} {hardware}
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[2]} {hardware}
PartitionName=gpu Nodes=n1,n2 Default=YES State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=n1,n2 State=UP PriorityTier=10 PreemptMode=OFF
"""
"""`cred_expire` is also how long a requeued job waits. Source: slurm.conf(5).

A node on which a job is not killed within `UnkillableStepTimeout` takes no jobs any more.
"""

HARDWARE = "CPUs=2 CoresPerSocket=2 RealMemory=8000 Gres=gpu:2 State=UNKNOWN"


def why_no_slurm() -> str:
    """Return why no cluster can be started; empty if one can."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if missing:
        return (
            f"NO SLURM: {', '.join(missing)} missing (Debian: slurmctld slurmd slurm-client munge)"
        )
    if not Path("/dev/tty0").exists():
        return "NO SLURM: /dev/tty0, which stands for a GPU, is missing"
    return ""


class SlurmCluster(LoopbackCluster):
    """A controller and two nodes of two cores and two GPUs each."""

    def __init__(self) -> None:
        self.folder = scratch_folder("slurm")
        self.configuration = self.folder / "slurm.conf"
        self.environment = os.environ | {
            "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
            "SLURM_CONF": str(self.configuration),
        }
        """What the cluster's daemons run with; clients need `SLURM_CONF`."""
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def stop(self) -> None:
        """End all daemons and jobs; delete the cluster's files."""
        mine = str(self.configuration)
        kill_all(processes_with(lambda _, found: found.get("SLURM_CONF") == mine))
        for daemon in self._daemons.values():
            daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def is_whole(self) -> bool:
        """Whether munge and the controller run."""
        return {"munged", "slurmctld"} <= set(self._daemons)

    def ask(self, *command: str) -> str:
        """Return the output of a client, such as `squeue`."""
        done = subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    def states(self) -> dict[str, str]:
        """Return the state of each node: `idle`, `mix`, `down*`."""
        lines = self.ask("sinfo", "-h", "-N", "-p", "gpu", "-o", "%N %t").splitlines()
        return dict(line.split() for line in lines)

    def start_node(self, name: str) -> None:
        """Start the daemon of a node, and wait until the node takes jobs."""
        extra = {_NODE_MARK: f"{self.folder}:{name}"}
        self._run(f"slurmd {name}", ["slurmd", "-D", "-N", name], extra)
        wait_until(lambda: self.states().get(name) in {"idle", "mix", "alloc"}, name, START_SECONDS)

    def kill_node(self, name: str) -> None:
        """Kill a node's daemon, the processes that watch its jobs, and the jobs."""
        jobs = self._processes_of_jobs(name)
        self.kill_daemons(name)
        kill_all(jobs)

    def kill_daemons(self, name: str) -> None:
        """Kill a node's daemon and the processes that watch its jobs; the jobs go on."""
        mark = f"{self.folder}:{name}"
        kill_all([
            *processes_with(lambda _, found: found.get(_NODE_MARK) == mark),
            *self._watchers_of_jobs(name),
        ])  # fmt: skip
        self._daemons.pop(f"slurmd {name}").wait()

    def _processes_of_jobs(self, name: str) -> list[psutil.Process]:
        mine = (str(self.configuration), name)
        return processes_with(
            lambda _, found: (found.get("SLURM_CONF"), found.get("SLURMD_NODENAME")) == mine
        )

    def _watchers_of_jobs(self, name: str) -> list[psutil.Process]:
        """Return the parents of jobs, which overwrite their environment with their title."""
        found = {}
        for process in self._processes_of_jobs(name):
            with suppress(psutil.Error):
                parent = process.parent()
                if parent is not None and parent.name().startswith("slurmstepd"):
                    found[parent.pid] = parent
        return list(found.values())

    def kill_daemon(self, name: str) -> None:
        """Kill `munged`, `slurmctld` or `slurmd n1`, and nothing else."""
        daemon = self._daemons.pop(name)
        daemon.kill()
        daemon.wait()

    def start_daemon(self, name: str) -> None:
        """Start a daemon that was killed, and wait until it does its work."""
        match name:
            case "munged":
                self._start_munged()
                wait_until(self._is_answering, "munged", START_SECONDS)
            case "slurmctld":
                self._start_controller()
            case _:
                self.start_node(name.removeprefix("slurmd "))

    def heal(self) -> None:
        """Cancel all jobs, start daemons that were killed and free nodes, for the next test."""
        for name in ("munged", "slurmctld", *(f"slurmd {node}" for node in NODES)):
            if name not in self._daemons:
                self.start_daemon(name)
        self.ask("scancel", "--user", getpass.getuser())
        self.resume_nodes()
        wait_until(lambda: not self.ask("squeue", "-h"), "cancelled jobs", START_SECONDS)

    def resume_nodes(self) -> None:
        """Let nodes take jobs again that Slurm has drained, as an administrator does.

        It drains a node that has a job already which it is to start, or that cannot end one.
        """
        for name, state in self.states().items():
            if state.startswith("drain"):
                self.ask("scontrol", "update", f"NodeName={name}", "State=RESUME")

    def start(self) -> None:
        """Start the daemons and the nodes."""
        for name in ("state", *(f"spool.{node}" for node in NODES)):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        text = CONFIGURATION.format(
            folder=self.folder, ports=free_ports(3), user=getpass.getuser(), hardware=HARDWARE
        )
        self.configuration.write_text(text, encoding="utf-8")
        gpus = (f"NodeName={node} Name=gpu File=/dev/tty[0-1]" for node in NODES)
        lines = "\n".join(["AutoDetect=off", *gpus, ""])
        (self.folder / "gres.conf").write_text(lines, encoding="utf-8")
        self._start_munged()
        self._start_controller()
        for name in NODES:
            self.start_node(name)

    def _start_munged(self) -> None:
        key, socket = self.folder / "munge.key", self.folder / "munge.socket"
        self._run("munged", ["munged", "--foreground", "--force", f"--key-file={key}",
                             f"--socket={socket}", f"--pid-file={self.folder}/munged.pid",
                             f"--seed-file={self.folder}/munged.seed"])  # fmt: skip
        wait_until(lambda: self._is_there(socket, "munged"), "munged", START_SECONDS)

    def _start_controller(self) -> None:
        self._run("slurmctld", ["slurmctld", "-D", "-i"])
        wait_until(self._is_answering, "slurmctld", START_SECONDS)

    def _run(self, name: str, command: list[str], extra: dict[str, str] | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment | (extra or {}), start_new_session=True,
            )  # fmt: skip

    def _is_there(self, socket: Path, daemon: str) -> bool:
        assert self._daemons[daemon].poll() is None, self._log_of(daemon)
        return socket.exists()

    def _is_answering(self) -> bool:
        assert self._daemons["slurmctld"].poll() is None, self._log_of("slurmctld")
        command = ["scontrol", "ping"]
        done = subprocess.run(command, env=self.environment, check=False, capture_output=True)
        return b"is UP" in done.stdout

    def _log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
