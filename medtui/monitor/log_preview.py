"""What a long log says at its ends, to be shown at once while all of it is read."""

from pathlib import Path

from medtui.events import CycleEnded, StageStarted, StepsAdvanced
from medtui.runs.log.history import History
from medtui.runs.log.record import DamagedLine, Record, UnknownKind, decode_record
from medtui.storage import open_regular
from medtui.storage.file_stamp import stamp_of

LONG_BYTES = 8 * 1024 * 1024
"""A shorter log is read in less time than one notices."""

HEAD_BYTES, TAIL_BYTES = 128 * 1024, 1024 * 1024


def preview_history(path: Path) -> History | None:
    """Return the history of a long log's first and last events; None for a log that is not long.

    Cycles and steps at the end are left out as long as it is not known which stage they are of.
    """
    size = stamp_of(path)[1]
    if size < LONG_BYTES:
        return None
    history = History()
    try:
        with open_regular(path) as file:
            for record in _records(file.read(HEAD_BYTES).split(b"\n")[:-1]):
                history.add(record)
            file.seek(size - TAIL_BYTES)
            last = _records(file.read(TAIL_BYTES).split(b"\n")[1:])
    except OSError:
        return None
    is_stage_known = False
    for record in last:
        is_stage_known = is_stage_known or isinstance(record.event, StageStarted)
        if is_stage_known or not isinstance(record.event, CycleEnded | StepsAdvanced):
            history.add(record)
    return history


def _records(lines: list[bytes]) -> list[Record]:
    found = []
    for line in lines:
        try:
            found.append(decode_record(line))
        except (DamagedLine, UnknownKind):  # also half a line at either end
            continue
    return found
