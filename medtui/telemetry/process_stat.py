"""Reads the state of one process from `/proc`, and where the caller itself is. Linux only."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
"""Unit of the kernel's process times."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATE, _UTIME, _STIME, _START, _RSS = 0, 11, 12, 19, 21


@dataclass(frozen=True)
class ProcessStat:
    """State of a process at one moment."""

    state: str
    """The kernel's letter: `R` running, `S` sleeping, `Z` zombie."""
    cpu_ticks: int
    """CPU time used so far, user and system."""
    start_ticks: int
    """Start time in ticks since boot; identifies the process together with the pid."""
    memory_bytes: int
    """Resident memory."""

    @property
    def is_alive(self) -> bool:
        """Whether it is running; zombies and processes without memory are not."""
        return self.state not in "ZX" and self.memory_bytes > 0


def read_stat(pid: int) -> ProcessStat | None:
    """Return the content of `/proc/PID/stat`; None where there is no such process.

    Source: proc_pid_stat(5). Field 2, the name, may contain spaces and parentheses.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return ProcessStat(
        state=fields[_STATE].decode(),
        cpu_ticks=int(fields[_UTIME]) + int(fields[_STIME]),
        start_ticks=int(fields[_START]),
        memory_bytes=int(fields[_RSS]) * _PAGE_BYTES,
    )


@cache
def own_boot_id() -> str:
    """Return this machine's boot identifier; empty where `/proc` does not have it."""
    try:
        return _BOOT_ID.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


@cache
def own_pid_namespace() -> int:
    """Return the inode of this process's pid namespace; 0 where `/proc` does not have it."""
    try:
        return _PID_NAMESPACE.stat().st_ino
    except OSError:
        return 0
