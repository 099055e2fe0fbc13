"""Builds a cache entry: a folder `*.partial` that is renamed when it is complete."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from medtui.datasets.cache.record import CacheRecord, fill
from medtui.datasets.decoding.child import Done
from medtui.datasets.decoding.image_stats import hash_image
from medtui.datasets.decoding.picture import bits_of
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.progress import Progress, Reporter
from medtui.errors import EnvironmentProblem
from medtui.units import MIB, format_bytes

_SPARE_BYTES = 64 * MIB
"""Bytes left free on the disk besides the array, for the index and other writers."""


class CacheBuild:
    """An entry that is being built; it continues an interrupted build of the same name."""

    def __init__(
        self, entry: Path, record: CacheRecord, settings: DecodeSettings, report: Reporter
    ) -> None:
        self.settings = settings
        self.array = (entry.with_name(f"{entry.name}.partial") / "images.npy").resolve()
        self.record = record
        self.is_done = np.zeros(len(record.hashes), bool)
        self._entry = entry
        self._log = self.array.with_name("done.jsonl")
        self.report = report
        self._row_bits: dict[int, int] = {}
        """Row to the bits by which its deep pixels were scaled."""
        self._stage = "decode"
        self._resume()
        self.tell()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the shape of the array."""
        side = self.settings.size
        return len(self.is_done), side, side, self.settings.channels

    def tell(self) -> None:
        """Report the progress."""
        self.report(Progress(self._stage, int(self.is_done.sum()), len(self.is_done)))

    def take(self, done: Done) -> None:
        """Log a finished job and enter it in the record."""
        with self._log.open("ab") as file:
            file.write(msgspec.json.encode(done) + b"\n")
        for row in _rows_of(done):
            self._enter(done, row)
        self.tell()

    def missing_runs(self, length: int) -> Iterator[NDArray[np.int64]]:
        """Yield runs of consecutive rows that are not done, none longer than `length`."""
        for first in range(0, len(self.is_done), length):
            rows = np.arange(first, min(first + length, len(self.is_done)))
            open_rows = rows[~self.is_done[rows]]
            for run in np.split(open_rows, np.flatnonzero(np.diff(open_rows) > 1) + 1):
                if len(run):
                    yield run

    def rescale(self, bits: int, range_key: str) -> None:
        """Set the range of the deep images; rows that were scaled by another become missing."""
        self.record = replace(self.record, bits=bits, range_key=range_key)
        for row, known in self._row_bits.items():
            self.is_done[row] &= known == bits
        self._stage = "rescale"

    def publish(self) -> None:
        """Write the index, sync both files, and rename the folder to its final name.

        The rename is the last step, so a folder without `.partial` in its name is complete.
        """
        with self.array.open("rb") as file:
            os.fsync(file.fileno())
        with self.array.with_name("index.json").open("wb") as file:
            file.write(msgspec.json.encode(self.record))
            file.flush()
            os.fsync(file.fileno())
        self._log.unlink(missing_ok=True)
        if self._entry.exists():
            shutil.rmtree(self._entry)
        self.array.parent.rename(self._entry)

    def _enter(self, done: Done, row: int) -> None:
        fill(self.record, done, row)
        if (largest := done.largest.get(row)) is not None:
            self.record.largest[row] = largest
            self._row_bits[row] = done.bits or bits_of(largest)
        self.is_done[row] = True

    def _resume(self) -> None:
        """Enter the rows that an interrupted build finished; create the array where there is none.

        A logged row counts only if the array on disk still has the logged hash. The log is flushed
        after each job, the array by the kernel: after a power failure the log can be ahead.
        """
        with contextlib.suppress(OSError, ValueError):
            images_NHWC = np.load(self.array, mmap_mode="r")
            if images_NHWC.shape == self.shape:
                for done in _logged(self._log):
                    for row in _rows_of(done):
                        if _is_on_disk(done, row, images_NHWC):
                            self._enter(done, row)
        if not self.is_done.any():
            self._create()

    def _create(self) -> None:
        """Create the array, and allocate its disk space.

        In a sparse file, a full disk would kill the writing process with SIGBUS.
        """
        folder = self.array.parent
        shutil.rmtree(folder, ignore_errors=True)
        _check_space(folder.parent, self.shape)
        folder.mkdir()
        np.lib.format.open_memmap(self.array, mode="w+", dtype=np.uint8, shape=self.shape).flush()
        with self.array.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, self.array.stat().st_size)


def _rows_of(done: Done) -> range:
    return range(done.first, done.first + done.num_files)


def _is_on_disk(done: Done, row: int, images_NHWC: NDArray[np.uint8]) -> bool:
    return row in done.bad or hash_image(images_NHWC[row]) == done.hashes[row - done.first]


def _logged(log: Path) -> Iterator[Done]:
    """Yield the jobs of the log up to its first torn line, and truncate the log there."""
    sound = 0
    with log.open("rb") as file:
        for line in file:
            try:
                done = msgspec.json.decode(line, type=Done)
            except msgspec.DecodeError:
                break
            if not line.endswith(b"\n"):
                break
            sound += len(line)
            yield done
    os.truncate(log, sound)


def _check_space(folder: Path, shape: tuple[int, int, int, int]) -> None:
    needed = int(np.prod(shape)) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentProblem(
            f"{folder}: {shape[0]:,} decoded images need {format_bytes(needed)}, "
            f"{format_bytes(free)} are free.",
            hint="Free disk space, or set another cache folder: MEDTUI_CACHE_DIR=/path/with/space",
        )
