"""What clusters on loopback share: free ports, scratch folders, and processes found to be ended."""

import os
import random
import signal
import socket
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import psutil

from tests.helpers.waiting import wait_until

PORTS = range(20_000, 32_000)
"""Below the ports of outgoing connections, above those of Ray's workers (10002 to 19999)."""

END_SECONDS = 30.0


def free_ports(count: int) -> list[int]:
    """Return so many ports of loopback that nobody uses now, in no order."""
    found = list[int]()
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")


def scratch_folder(name: str) -> Path:
    """Return a new folder with a short path: the path of a socket has 107 characters at most."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp"))


def processes_with(is_ours: Callable[[list[str], dict[str, str]], bool]) -> list[psutil.Process]:
    """Return the processes for whose command line and environment `is_ours` holds."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with suppress(psutil.Error):
            if is_ours(process.cmdline(), process.environ()):
                found.append(process)
    return found


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kill processes, and wait until they have ended."""
    killed = list(processes)
    for process in killed:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, killed)), "killed processes", END_SECONDS)


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process computes; one that nobody has waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class LoopbackCluster(Protocol):
    """A cluster of this machine's processes, which is up within its context."""

    def start(self) -> None:
        """Start its nodes."""

    def stop(self) -> None:
        """End its nodes with what runs on them; delete its files."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
