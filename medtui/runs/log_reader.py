"""Reads a log while it is being written. A torn last line is "not yet"."""

from dataclasses import dataclass, field
from pathlib import Path

from medtui.runs.log_record import DamagedLine, Record, UnknownKind, decode_record

CHUNK_BYTES = 512 * 1024
"""One poll reads at most this much, so that a reader of a huge log stays responsive."""


@dataclass
class EventTail:
    """Follows one `events.jsonl` from its beginning."""

    path: Path
    offset: int = 0
    """Bytes read so far; always at the start of a line."""
    num_damaged: int = 0
    """Lines skipped because their checksum or form was wrong."""
    num_unknown: int = 0
    """Whole lines skipped because this version does not know their kind."""
    was_replaced: bool = field(default=False, init=False)
    """Set by a poll that found the file shorter than before: what was folded is void."""

    def poll(self) -> list[Record]:
        """Return the records completed since the last poll, at most `CHUNK_BYTES` of them.

        A missing file gives none. Poll again at once while `is_behind`.
        """
        self.was_replaced = False
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, 2)
                if size < self.offset:
                    self.offset, self.num_damaged, self.num_unknown = 0, 0, 0
                    self.was_replaced = True
                file.seek(self.offset)
                chunk = self._whole_lines(file.read(CHUNK_BYTES))
                if not chunk and size - self.offset > CHUNK_BYTES:
                    chunk = self._skip_endless_line(file.read())
        except OSError:
            return []
        self.offset += len(chunk)
        return self._decode(chunk)

    @property
    def is_behind(self) -> bool:
        """Whether whole lines may be waiting to be read."""
        try:
            return self.path.stat().st_size - self.offset >= CHUNK_BYTES
        except OSError:
            return False

    def read_all(self) -> list[Record]:
        """Return every record up to the end of the file."""
        records = self.poll()
        while self.is_behind:
            records += self.poll()
        return records

    @staticmethod
    def _whole_lines(chunk: bytes) -> bytes:
        return chunk[: chunk.rfind(b"\n") + 1]

    def _skip_endless_line(self, rest: bytes) -> bytes:
        """Step over a line longer than a chunk: no writer of ours makes one."""
        end = rest.find(b"\n")
        if end >= 0:
            self.num_damaged += 1
            self.offset += CHUNK_BYTES + end + 1
        return b""

    def _decode(self, chunk: bytes) -> list[Record]:
        records = []
        for line in chunk.splitlines():
            try:
                records.append(decode_record(line))
            except DamagedLine:
                self.num_damaged += 1
            except UnknownKind:
                self.num_unknown += 1
        return records
