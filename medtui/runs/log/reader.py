"""Reads an event log while it is written. A torn last line is not read yet.

What a superseded writer appended after its successor's first line is skipped.
"""

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from medtui.runs.log.record import DamagedLine, Record, UnknownKind, decode_record
from medtui.storage import UnreadableFile, open_regular, unreadable
from medtui.units import format_bytes, plural

CHUNK_BYTES = 512 * 1024
"""Maximum bytes per poll, so that readers of long logs stay responsive."""

MAX_BYTES = 4 * 1024**3
"""A longer file is no log: a million events have 160 MB."""


@dataclass
class EventTail:
    """Follows one `events.jsonl` from its beginning."""

    path: Path
    offset: int = 0
    """Bytes read so far; always at the start of a line."""
    num_damaged: int = 0
    """Lines skipped because of a wrong checksum or form."""
    num_unknown: int = 0
    """Intact lines skipped because this version does not know their kind."""
    num_superseded: int = 0
    """Lines skipped because their writer had been superseded by a newer one."""
    generation: int = field(default=0, init=False)
    """Generation of the newest writer so far."""
    was_replaced: bool = field(default=False, init=False)
    """Set by a poll that found another or a shorter file: the records read before are void."""
    unreadable: UnreadableFile | None = field(default=None, init=False)
    """Why the last poll could not read the file; None where it could, or there is none."""
    _num_skipped: int = field(default=0, init=False)
    """Bytes after `offset` that were read and contain no newline."""
    _inode: int = field(default=0, init=False)
    _is_full: bool = field(default=False, init=False)
    """Whether the last poll read as much as a poll reads, so that there may be more."""

    def poll(self) -> list[Record]:
        """Return the records completed since the last poll, from at most `CHUNK_BYTES`.

        A missing file yields no records. Poll again immediately while `is_behind`.
        """
        self.was_replaced = self._is_full = False
        try:
            chunk = self._read()
            self.unreadable = None
        except FileNotFoundError:
            return []
        except OSError as error:
            self.unreadable = unreadable(self.path, error)
            return []
        self._is_full = len(chunk) == CHUNK_BYTES
        lines = self._whole_lines(chunk)
        self.offset += len(lines)
        return self._decode(lines)

    @property
    def problem(self) -> str:
        """Why not all of the log is read; empty where it is."""
        if self.unreadable is not None:
            return self.unreadable.message
        lines = plural(self.num_damaged, "damaged line")
        return f"{self.path} has {lines}, left out." if self.num_damaged else ""

    @property
    def is_behind(self) -> bool:
        """Whether the last poll may have left complete lines to read."""
        return self._is_full

    def read_all(self) -> list[Record]:
        """Return every record up to the end of the file."""
        records = self.poll()
        while self.is_behind:
            records += self.poll()
        return records

    def _read(self) -> bytes:
        with open_regular(self.path) as file:
            size = file.seek(0, 2)
            if size > MAX_BYTES:
                raise OSError(errno.EFBIG, f"it has {format_bytes(size)}")
            inode = os.fstat(file.fileno()).st_ino
            if size < self.offset + self._num_skipped or inode != (self._inode or inode):
                self._restart()
            self._inode = inode
            start = self.offset + self._num_skipped
            file.seek(start)
            return file.read(min(size - start, CHUNK_BYTES))

    def _restart(self) -> None:
        self.offset = self._num_skipped = self.generation = 0
        self.num_damaged = self.num_unknown = self.num_superseded = 0
        self.was_replaced = True

    def _whole_lines(self, chunk: bytes) -> bytes:
        """Return the complete lines of a chunk; skip a line that is longer than a chunk.

        No event is that long. It counts as read when it ends, so that a writer truncates it until
        then.
        """
        if self._num_skipped:
            end = chunk.find(b"\n") + 1
            if not end:
                self._num_skipped += len(chunk)
                return b""
            self.offset += self._num_skipped + end
            self._num_skipped = 0
            self.num_damaged += 1
            chunk = chunk[end:]
        whole = chunk[: chunk.rfind(b"\n") + 1]
        if not whole and len(chunk) == CHUNK_BYTES:
            self._num_skipped = len(chunk)
        return whole

    def _decode(self, chunk: bytes) -> list[Record]:
        records = []
        for line in chunk.splitlines():
            try:
                record = decode_record(line)
            except DamagedLine:
                self.num_damaged += 1
            except UnknownKind:
                self.num_unknown += 1
            else:
                if record.generation < self.generation:
                    self.num_superseded += 1
                    continue
                self.generation = record.generation
                records.append(record)
        return records
