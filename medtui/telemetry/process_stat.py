"""What `/proc` says of one process, in one read. Linux."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
"""Unit of the kernel's process times."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATE, _UTIME, _STIME, _START, _RSS = 0, 11, 12, 19, 21


@dataclass(frozen=True)
class ProcessStat:
    """A process at one moment."""

    state: str
    """The kernel's letter: `R` runs, `S` sleeps, `Z` has ended and waits for its parent."""
    cpu_ticks: int
    """Processor time used so far, user and system."""
    start_ticks: int
    """When it began, in ticks since the machine's start: with the pid, its identity."""
    memory_bytes: int
    """Resident."""

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended; a zombie has, and one that has let go of all its memory."""
        return self.state not in "ZX" and self.memory_bytes > 0


def read_stat(pid: int) -> ProcessStat | None:
    """Read `/proc/PID/stat`; None where there is no such process.

    Source: proc_pid_stat(5). The name, field 2, may hold spaces and parentheses.
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
