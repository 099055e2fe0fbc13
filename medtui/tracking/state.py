"""How much of a run a tracker has recorded, and where: `state.json` in the tracker's folder."""

from pathlib import Path
from typing import Literal

import msgspec

from medtui.runs.json_record import read_json_record, write_json_record
from medtui.storage import UnreadableFile

Mode = Literal["offline", "online"]


class TrackerState(msgspec.Struct, frozen=True):
    """One run's record in a tracker."""

    mode: Mode
    """`offline`: an archive in the folder; `online`: sent as it happened."""
    experiment_key: str
    """The tracker's identifier of the experiment; not a secret."""
    url: str = ""
    """Web page of the experiment; empty offline."""
    archive: str = ""
    """File name beside this one; empty online and until the archive is complete."""
    num_records: int = 0
    """Lines of the event log it holds."""
    num_samples: int = 0
    """Lines of telemetry it holds."""
    num_failed: int = 0
    """Calls that the tracker's library refused."""
    note: str = ""
    """Why it is offline though `online` was asked for."""
    is_uploaded: bool = False
    """Whether the archive was sent."""


_decoder = msgspec.json.Decoder(TrackerState)


def log_path(folder: Path) -> Path:
    """Return the file that receives what the follower and the tracker's library print."""
    return folder / "log.txt"


def read_state(folder: Path) -> TrackerState | None:
    """Return the state in a tracker's folder; None where no file can be read."""
    try:
        return read_json_record(_state_path(folder), _decoder)
    except UnreadableFile:
        return None


def write_state(folder: Path, state: TrackerState) -> None:
    """Write the state atomically.

    Raises:
        OSError: the disk is full.
    """
    write_json_record(_state_path(folder), state)


def archive_of(folder: Path) -> Path | None:
    """Return the complete archive in a tracker's folder; None without one."""
    state = read_state(folder)
    if state is None or not state.archive or not (folder / state.archive).is_file():
        return None
    return folder / state.archive


def _state_path(folder: Path) -> Path:
    return folder / "state.json"
