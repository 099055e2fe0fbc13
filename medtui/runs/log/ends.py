"""The times at both ends of an event log, without reading what lies between."""

from dataclasses import dataclass
from pathlib import Path

from medtui.runs.log.record import DamagedLine, UnknownKind, decode_record
from medtui.storage import open_regular

END_BYTES = 8 * 1024
"""The first event is that of the start, and the last one that of the end: both are short."""


@dataclass(frozen=True)
class LogTimes:
    """When a log begins and ends."""

    first: float | None = None
    """Unix time of the first event; None where it cannot be read."""
    last: float | None = None
    """Unix time of the last event."""


def read_log_times(path: Path) -> LogTimes:
    """Return the times of the first and the last intact event; None for each where there is none.

    Unlike times of files these survive a copy to another machine.
    """
    try:
        with open_regular(path) as file:
            head = file.read(END_BYTES)
            start = max(0, file.seek(0, 2) - END_BYTES)
            file.seek(start)
            tail = file.read(END_BYTES)
    except OSError:
        return LogTimes()
    last = tail.split(b"\n")[1 if start else 0 :]
    return LogTimes(_first_time(head.split(b"\n")[:-1]), _first_time(last[-2::-1]))


def _first_time(lines: list[bytes]) -> float | None:
    for line in lines:
        try:
            return decode_record(line).time
        except (DamagedLine, UnknownKind):
            continue
    return None
