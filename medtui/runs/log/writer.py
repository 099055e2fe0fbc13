"""Writes a run's log: one write and one line per event."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from medtui.events import (
    AnyEvent,
    CheckpointWritten,
    CycleEnded,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.log.history import History
from medtui.runs.log.reader import EventTail
from medtui.runs.log.record import Record, encode_record, finite
from medtui.runs.ownership.claim import Fence, OwnClaim, unfenced
from medtui.storage.writing import writing

_DURABLE = (
    CycleEnded, CheckpointWritten, RunStarted, RunStopped, RunFailed, RunFinished, StageStarted,
)  # fmt: skip
"""Events that are synced to disk at once; others may be lost in a power failure."""


class EventWriter:
    """Only writer of an `events.jsonl`; the caller holds the run's lock.

    A torn last line is truncated before anything is appended. When a resumed session repeats a
    cycle, events that the log already contains are not written again.

    With the writer's `claim`, each line carries its generation, and nothing is written once it is
    superseded. Where the writer before may still be alive, the log is copied: what that one appends
    afterwards goes into a file that has no name any more.

    Raises:
        UnreadableFile: the log exists and cannot be read.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        claim: OwnClaim | None = None,
    ) -> None:
        self._clock = clock
        self._path = path
        tail = EventTail(path)
        self.history = History()
        """Folded content of the log, kept up to date."""
        records = tail.read_all()
        for record in records:
            self.history.add(record)
        if tail.unreadable is not None:  # truncating what was not read would lose it
            raise tail.unreadable
        self.fence: Fence = claim.check if claim else unfenced
        """Raises where this process may not write into the run's folder any more."""
        self.generation = claim.generation if claim else tail.generation
        """Generation of this writer, see `claim`."""
        if claim is not None and claim.is_contested and records:
            publish_bytes(path, b"".join(map(encode_record, records)), self.fence)
            tail.offset = path.stat().st_size
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.ftruncate(self._descriptor, tail.offset)
        self._next_seq = self.history.num_records + self.history.num_missing
        self.seconds = 0.0
        """Seconds that this writer spent writing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def write(self, event: AnyEvent) -> None:
        """Append an event.

        Raises:
            OSError: the disk is full; the log is unchanged, or ends in a torn line.
            Superseded: another process has taken the run over; the log is unchanged.
        """
        began = time.monotonic()
        event = finite(event)
        if isinstance(event, CycleEnded) and self.history.has_measurement(event):
            return
        record = Record(self._next_seq, self._clock(), event, self.generation)
        self.fence()
        line = encode_record(record)
        with writing(self._path, len(line)):
            self._append(line)
            self._next_seq += 1  # before the sync: the line is in the log even if that fails
            self.history.add(record)
            if isinstance(event, _DURABLE):
                os.fsync(self._descriptor)
        self.seconds += time.monotonic() - began

    def _append(self, line: bytes) -> None:
        """Write a line completely; after a partial write on a full disk, truncate it again."""
        size = os.fstat(self._descriptor).st_size
        if os.write(self._descriptor, line) < len(line):
            os.ftruncate(self._descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "events.jsonl")
