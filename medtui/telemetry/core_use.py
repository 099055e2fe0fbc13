"""How many CPU cores other users' processes keep busy. Linux only; elsewhere none."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from medtui.telemetry.process_stat import TICKS_PER_SECOND, read_stat

SHORTEST_SECONDS = 1.0
"""Shortest time over which CPU time is compared: a process may compute in bursts."""

CHECK_SECONDS = 10.0
"""Time after which the cores are looked at again."""

Ticks = Mapping[tuple[int, int], int]
"""Pid and start time of a process to the CPU time that it has used, in ticks."""


def ticks_of_others(folder: Path = Path("/proc")) -> Ticks:
    """Return the CPU time of each process of another user that is visible here."""
    own, found = os.getuid(), dict[tuple[int, int], int]()
    try:
        with os.scandir(folder) as entries:
            pids = [int(each.name) for each in entries if each.name.isdecimal()]
    except OSError:
        return found
    for pid in pids:
        try:
            is_own = (folder / str(pid)).stat().st_uid == own
        except OSError:  # it has ended
            continue
        stat = None if is_own else read_stat(pid)
        if stat is not None:
            found[pid, stat.start_ticks] = stat.cpu_ticks
    return found


@dataclass(frozen=True)
class _Reading:
    time: float
    ticks: Ticks


class CoreUse:
    """Follows the cores that other users' processes keep busy."""

    def __init__(
        self,
        read: Callable[[], Ticks] = ticks_of_others,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._clock = read, clock
        self._last = _Reading(clock(), read())
        self._busy: float | None = None

    def busy(self) -> float | None:
        """Return the mean number of cores since the last look, None until `SHORTEST_SECONDS`.

        The processes are looked at once in `CHECK_SECONDS`.
        """
        seconds = self._clock() - self._last.time
        if seconds < (SHORTEST_SECONDS if self._busy is None else CHECK_SECONDS):
            return self._busy
        before, self._last = self._last.ticks, _Reading(self._clock(), self._read())
        used = sum(ticks - before.get(key, 0) for key, ticks in self._last.ticks.items())
        self._busy = used / TICKS_PER_SECOND / seconds
        return self._busy
