"""Identifies a process across machines, containers and reused pids. For locks and signals."""

import os
import socket
from functools import cache
from pathlib import Path

import msgspec

from medtui.errors import user_name
from medtui.telemetry.process_stat import own_boot_id, own_pid_namespace, read_stat

_MACHINE_ID = Path("/etc/machine-id")

_INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of the pid namespace outside all containers. Source: PROC_PID_INIT_INO of Linux."""


class Owner(msgspec.Struct, frozen=True, omit_defaults=True):
    """Process that writes a folder, according to the folder's lock file or owner record.

    Files of earlier versions contain only a pid; all other fields then have their defaults.
    """

    pid: int
    """Pid in its own pid namespace; 0 where the file names no process."""
    host: str = ""
    boot_id: str = ""
    """The kernel's identifier of one boot of one machine; empty where unknown."""
    pid_namespace: int = 0
    """Inode of the pid namespace, which differs between containers; 0 where unknown."""
    start_ticks: int = 0
    """Start time in ticks since boot; identifies the process with the pid. 0 where unknown."""
    uid: int = -1
    user: str = ""
    """Name of `uid` on its host."""
    machine_id: str = ""
    """systemd's identifier of the installation, the same after a reboot; empty where unknown."""
    generation: int = 0
    """Number of the folder's writers so far, this one included; 0 in earlier versions."""
    lock_id: str = ""
    """Device and inode of the lock file; those of a copied folder differ."""
    has_flock: bool = False
    """Whether it holds the lock file by a `flock` that keeps other processes out."""

    @property
    def is_identified(self) -> bool:
        """Whether the record is sufficient to identify the process."""
        return bool(self.pid > 0 and self.boot_id and self.pid_namespace and self.start_ticks)

    @property
    def is_local(self) -> bool:
        """Whether its pid means the same process here: same boot and pid namespace."""
        here = (own_boot_id(), own_pid_namespace())
        return self.is_identified and (self.boot_id, self.pid_namespace) == here

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is known to run on another machine or in another container."""
        return self.is_identified and not self.is_local

    @property
    def is_of_this_boot(self) -> bool:
        """Whether it ran on this machine since its last boot, in any container."""
        return bool(self.boot_id) and self.boot_id == own_boot_id()

    @property
    def is_running(self) -> bool:
        """Whether its process exists; it must be local."""
        stat = read_stat(self.pid)
        return stat is not None and stat.start_ticks == self.start_ticks and stat.is_alive

    @property
    def is_of_earlier_boot(self) -> bool:
        """Whether this very machine has been rebooted since; containers cannot be recognised."""
        where = (self.host, self.machine_id, self.pid_namespace)
        here = (socket.gethostname(), own_machine_id(), own_pid_namespace())
        return (
            self.is_identified
            and bool(self.machine_id)
            and self.pid_namespace == _INITIAL_PID_NAMESPACE
            and where == here
            and self.boot_id != own_boot_id()
        )

    def describe(self) -> str:
        """Return a description: `process 12 of alice on gpu1`."""
        if self.pid <= 0:
            return "an unknown process"
        user = f" of {self.user}" if self.user else ""
        host = f" on {self.host}" if self.host else ""
        return f"process {self.pid}{user}{host}"


_decoder = msgspec.json.Decoder(Owner)


def this_process() -> Owner:
    """Return the record of the calling process."""
    stat = read_stat(os.getpid())
    return Owner(
        pid=os.getpid(),
        host=socket.gethostname(),
        boot_id=own_boot_id(),
        pid_namespace=own_pid_namespace(),
        start_ticks=stat.start_ticks if stat else 0,
        uid=os.getuid(),
        user=user_name(os.getuid()),
        machine_id=own_machine_id(),
    )


def encode_owner(owner: Owner) -> bytes:
    """Return the record as one line of JSON."""
    return msgspec.json.encode(owner) + b"\n"


def decode_owner(raw: bytes) -> Owner:
    """Return the owner in a lock file's content; pid 0 where it names no process."""
    text = raw.strip()
    if text.isdigit() and len(text) < 20:  # noqa: PLR2004 - more digits than any pid has
        return Owner(int(text))
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Owner(0)


@cache
def own_machine_id() -> str:
    """Return this installation's identifier; empty where there is none."""
    try:
        return _MACHINE_ID.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
