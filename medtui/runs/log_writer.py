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
from medtui.runs.history import History
from medtui.runs.log_reader import EventTail
from medtui.runs.log_record import Record, encode_record, finite

_DURABLE = (
    CycleEnded, CheckpointWritten, RunStarted, RunStopped, RunFailed, RunFinished, StageStarted,
)  # fmt: skip
"""Events that are synced to disk at once; others may be lost in a power failure."""


class EventWriter:
    """Only writer of an `events.jsonl`; the caller holds the run's lock.

    A torn last line is truncated before anything is appended. When a resumed session repeats a
    cycle, events that the log already contains are not written again.

    Raises:
        UnreadableFile: the log exists and cannot be read.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        tail = EventTail(path)
        self.history = History()
        """Folded content of the log, kept up to date."""
        for record in tail.read_all():
            self.history.add(record)
        if tail.unreadable is not None:  # truncating what was not read would lose it
            raise tail.unreadable
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
        """
        began = time.monotonic()
        event = finite(event)
        if isinstance(event, CycleEnded) and self.history.has_measurement(event):
            return
        record = Record(self._next_seq, self._clock(), event)
        self._append(encode_record(record))
        if isinstance(event, _DURABLE):
            os.fsync(self._descriptor)
        self._next_seq += 1
        self.history.add(record)
        self.seconds += time.monotonic() - began

    def _append(self, line: bytes) -> None:
        """Write a line completely; after a partial write on a full disk, truncate it again."""
        size = os.fstat(self._descriptor).st_size
        if os.write(self._descriptor, line) < len(line):
            os.ftruncate(self._descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "events.jsonl")
