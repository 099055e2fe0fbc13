"""Appends samples to a run's `telemetry.jsonl`: one sample, one write, one line."""

import os
from pathlib import Path

import msgspec

from medtui.telemetry.sample import Sample


class SampleLog:
    """The one writer of a `telemetry.jsonl`. A full disk costs samples, never the sampler."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_dropped = 0
        """Samples that could not be written."""
        self._encoder = msgspec.json.Encoder()
        self._descriptor: int | None = None
        self._is_torn = False

    def append(self, sample: Sample) -> bool:
        """Write one line; False where the disk would not take it, and the sample is lost."""
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
        """Write `line` at once, on a line of its own even after one that a full disk tore."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._is_torn = _ends_torn(self._descriptor)
        text = b"\n" + line if self._is_torn else line
        num_written = os.write(self._descriptor, text)
        self._is_torn = num_written < len(text)
        if self._is_torn:
            raise OSError(f"only {num_written} of {len(text)} bytes were written")


def _ends_torn(descriptor: int) -> bool:
    """Tell whether the file ends within a line, as a killed writer leaves it."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
