"""`job.json` in a run's or study's folder: its job in a cluster's queue, and what is known of it.

The study's supervisor writes it, fenced by the owner record of the study. The token is written
before the job is submitted and is a part of the job's name, so that a supervisor which was killed
in between finds the job in the queue again.
"""

from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from medtui.runs.json_record import DECODE_ERRORS, write_json_record
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.storage import UnreadableFile, read_bytes
from medtui.storage.file_stamp import ABSENT, FileStamp, stamp_of

MAX_BYTES = 16 * 1024

_ATTEMPTS = 3
"""A worker that has just become the owner of a run deletes temporary files in its folder."""

JobWord = Literal["submitting", "waiting", "running", "ended"]


class JobRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One job."""

    scheduler: str
    """As `machine.scheduler` names it."""
    token: str
    """Part of the job's name; differs in each submission."""
    id: str = ""
    """The scheduler's identifier; empty until the job is accepted."""
    state: JobWord = "submitting"
    """The state that the scheduler reported last."""
    reason: str = ""
    """Why the job waits or how it ended, in the scheduler's own word: `Resources`, `CANCELLED`."""
    place: str = ""
    """Node on which it runs, or ran last."""
    python: str = ""
    """The interpreter."""
    version: str = ""
    """Version of medtui that submitted it."""

    @property
    def is_alive(self) -> bool:
        """Whether the job waits or runs, as the scheduler reported last."""
        return self.state != "ended"

    @property
    def was_cancelled(self) -> bool:
        """Whether a user, or `medtui stop`, took it out of the queue."""
        return self.state == "ended" and self.reason.startswith("CANCELLED")


class JobReader:
    """Reads the record of one folder again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp: FileStamp = ABSENT
        self._record: JobRecord | None = None

    def read(self) -> JobRecord | None:
        """Return the record; None where there is none that can be read."""
        stamp = stamp_of(job_path(self._folder))
        if stamp != self._stamp:
            self._stamp, self._record = stamp, read_job(self._folder)
        return self._record


_decoder = msgspec.json.Decoder(JobRecord)


def job_path(folder: Path) -> Path:
    """Return the path of the record."""
    return folder / "job.json"


def read_job(folder: Path) -> JobRecord | None:
    """Return the record of a folder; None where there is none that can be read."""
    try:
        return _decoder.decode(read_bytes(job_path(folder), MAX_BYTES))
    except (UnreadableFile, *DECODE_ERRORS):
        return None


def write_job(folder: Path, record: JobRecord, fence: Fence = unfenced) -> None:
    """Replace the record of a folder.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
        Superseded: by `fence`; the file is unchanged.
    """

    def write() -> None:
        write_json_record(job_path(folder), record, fence)

    for _ in range(_ATTEMPTS - 1):
        with suppress(FileNotFoundError):
            write()
            return
    write()
