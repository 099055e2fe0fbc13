"""Reads a `telemetry.jsonl` while it is written. A torn last line is not read yet."""

import errno
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medtui.storage import UnreadableFile, open_regular, unreadable
from medtui.telemetry.sample import Sample
from medtui.units import format_bytes, plural

CHUNK_BYTES = 4 * 1024 * 1024
"""Maximum bytes per poll, so that readers of long runs stay responsive."""

MAX_BYTES = 4 * 1024**3
"""A longer file is no telemetry: four months of samples have 3 GiB."""

_decoder = msgspec.json.Decoder(Sample)


@dataclass
class SampleTail:
    """Follows one `telemetry.jsonl`."""

    path: Path
    offset: int = 0
    """Bytes read so far; always at the start of a line."""
    num_damaged: int = 0
    """Lines skipped because they are not samples."""
    generation: int = 0
    """Newest generation of the run's owners so far."""
    unreadable: UnreadableFile | None = None
    """Why the last poll could not read the file; None where it could, or there is none."""

    @property
    def problem(self) -> str:
        """Why not all of the file is read; empty where it is."""
        if self.unreadable is not None:
            return self.unreadable.message
        lines = plural(self.num_damaged, "damaged line")
        return f"{self.path} has {lines}, left out." if self.num_damaged else ""

    def poll(self) -> list[Sample]:
        """Return the samples completed since the last poll, from at most `CHUNK_BYTES`.

        A missing file yields no samples; a file that became shorter is read from its beginning.
        """
        try:
            chunk = self._read()
            self.unreadable = None
        except FileNotFoundError:
            return []
        except OSError as error:
            self.unreadable = unreadable(self.path, error)
            return []
        whole, newline, _rest = chunk.rpartition(b"\n")
        if not newline:
            self._skip_endless(chunk)
            return []
        self.offset += len(whole) + 1
        return self._decode(whole.split(b"\n"))

    def read_all(self) -> list[Sample]:
        """Return every sample up to the end of the file."""
        samples: list[Sample] = []
        while True:
            before = self.offset
            samples += self.poll()
            if self.offset == before:
                return samples

    def _read(self) -> bytes:
        with open_regular(self.path) as file:
            size = file.seek(0, 2)
            if size > MAX_BYTES:
                raise OSError(errno.EFBIG, f"it has {format_bytes(size)}")
            if size < self.offset:
                self.offset = self.generation = 0
            file.seek(self.offset)
            return file.read(min(size - self.offset, CHUNK_BYTES))

    def _skip_endless(self, chunk: bytes) -> None:
        """Skip a chunk without a newline; no sample is that long."""
        if len(chunk) == CHUNK_BYTES:
            self.offset += len(chunk)
            self.num_damaged += 1

    def _decode(self, lines: list[bytes]) -> list[Sample]:
        samples = []
        for line in lines:
            try:
                sample = _decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.num_damaged += 1
                continue
            if 0 < sample.generation < self.generation:
                continue  # of a process that was suspended while another one took the run over
            self.generation = max(self.generation, sample.generation)
            samples.append(sample)
        return samples


def read_samples(path: Path, since_offset: int = 0) -> tuple[list[Sample], int]:
    """Return all complete samples from `since_offset`, and the offset to continue from."""
    tail = SampleTail(path, since_offset)
    return tail.read_all(), tail.offset
