"""How far Comet knows a run: `comet/state.json` in the run's folder."""

from pathlib import Path
from typing import Literal

import msgspec

from medtui.runs.atomic_file import publish_bytes
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import DECODE_ERRORS

Mode = Literal["offline", "online"]


class CometState(msgspec.Struct, frozen=True):
    """One run's experiment."""

    mode: Mode
    """`offline`: an archive in the folder; `online`: sent as it happened."""
    experiment_key: str
    """Comet's name of the experiment; no secret."""
    url: str = ""
    """Where it can be looked at; empty offline."""
    archive: str = ""
    """File name beside this one; empty online and until the archive is whole."""
    num_records: int = 0
    """Lines of the event log it holds."""
    num_samples: int = 0
    """Lines of telemetry it holds."""
    num_failed: int = 0
    """Calls that comet_ml would not take."""
    note: str = ""
    """Why it is offline though `online` was asked for."""
    is_uploaded: bool = False
    """Whether the archive was sent."""


def state_path(run: RunFolder) -> Path:
    """Return the state's file."""
    return run.comet / "state.json"


def log_path(run: RunFolder) -> Path:
    """Return the file that takes what the follower and comet_ml print."""
    return run.comet / "log.txt"


def read_state(run: RunFolder) -> CometState | None:
    """Read the state; None where there is none that can be read."""
    try:
        return msgspec.json.decode(state_path(run).read_bytes(), type=CometState)
    except (OSError, *DECODE_ERRORS):
        return None


def write_state(run: RunFolder, state: CometState) -> None:
    """Write the state, whole or not at all.

    Raises:
        OSError: the disk is full.
    """
    publish_bytes(state_path(run), msgspec.json.format(msgspec.json.encode(state)) + b"\n")


def archive_of(run: RunFolder) -> Path | None:
    """Return the run's whole archive; None where there is none."""
    state = read_state(run)
    if state is None or not state.archive or not (run.comet / state.archive).is_file():
        return None
    return run.comet / state.archive
