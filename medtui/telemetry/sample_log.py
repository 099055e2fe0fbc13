"""Appends samples to a run's `telemetry.jsonl`: one write and one line per sample."""

import os
from pathlib import Path

import msgspec

from medtui.telemetry.sample import Sample


class SampleLog:
    """Only writer of a `telemetry.jsonl`. On a full disk, it drops samples and continues."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_dropped = 0
        """Samples that could not be written."""
        self._encoder = msgspec.json.Encoder()
        self._descriptor: int | None = None
        self._is_torn = False

    def append(self, sample: Sample) -> bool:
        """Write a sample as one line; return False where it could not be written."""
        line = self._encoder.encode(sample) + b"\n"
        try:
            self._write(line)
        except OSError:
            self.num_dropped += 1
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, line: bytes) -> None:
        """Write `line` with one call; after a torn line, start with a newline."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._is_torn = _ends_torn(self._descriptor)
        text = b"\n" + line if self._is_torn else line
        num_written = os.write(self._descriptor, text)
        self._is_torn = num_written < len(text)
        if self._is_torn:
            raise OSError(f"only {num_written} of {len(text)} bytes were written")


def _ends_torn(descriptor: int) -> bool:
    """Return whether the file ends within a line, as after a killed writer."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
