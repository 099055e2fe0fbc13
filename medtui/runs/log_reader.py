"""Reads an event log while it is written. A torn last line is not read yet."""

from dataclasses import dataclass, field
from pathlib import Path

from medtui.runs.log_record import DamagedLine, Record, UnknownKind, decode_record

CHUNK_BYTES = 512 * 1024
"""Maximum bytes per poll, so that readers of long logs stay responsive."""


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
    was_replaced: bool = field(default=False, init=False)
    """Set by a poll that found a shorter file: the records read before are void."""

    def poll(self) -> list[Record]:
        """Return the records completed since the last poll, from at most `CHUNK_BYTES`.

        A missing file yields no records. Poll again immediately while `is_behind`.
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
        """Whether complete lines may be left to read."""
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
        """Skip a line longer than a chunk; no event is that long."""
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
