"""The child process that decodes: reads jobs from stdin, writes pixels into the cache's array.

A picture that makes a decoder crash ends this process and nothing else. It speaks one JSON object a
line, and ends when its parent closes the pipe or dies.
"""

import contextlib
import resource
import signal
import sys
import warnings
from pathlib import Path

import msgspec
import numpy as np

from medtui.datasets.decoding.image import decode_file
from medtui.datasets.decoding.image_stats import Measured, measure
from medtui.datasets.decoding.png import BadImageError

MEMORY_LIMIT_BYTES = 4 << 30
"""Beyond this a picture is refused instead of the machine's memory being filled."""


class Job(msgspec.Struct, frozen=True):
    """Images to decode into consecutive rows."""

    array: str
    """The cache's array, an `.npy` file of uint8 (N, H, W, C)."""
    first: int
    """Row of the first image."""
    files: list[str]
    """Paths, one for each row from there."""


class Done(msgspec.Struct, frozen=True):
    """A finished job."""

    first: int
    """Row of the first image."""
    sums: list[list[int]]
    """Sum of pixels, image by image, per channel."""
    squares: list[list[int]]
    """Sum of their squares."""
    hashes: list[str]
    """Hash of each image's pixels."""
    kinds: list[str]
    """What each file was; empty for a bad one."""
    bad: dict[int, str]
    """Rows that could not be decoded, and why."""


def run_job(job: Job, array_NHWC: np.ndarray) -> Done:
    """Decode a job's files into the array."""
    _, height, _, channels = array_NHWC.shape
    measured, kinds, bad = list[Measured](), list[str](), dict[int, str]()
    for row, file in enumerate(job.files, start=job.first):
        try:
            decoded = decode_file(Path(file), height, channels)
            array_NHWC[row] = decoded.pixels_HWC
            kinds.append(decoded.kind)
        except BadImageError as error:
            array_NHWC[row] = 0
            kinds.append("")
            bad[row] = str(error)
        measured.append(measure(array_NHWC[row]))
    return Done(
        job.first,
        [each.sums for each in measured],
        [each.squares for each in measured],
        [each.hash for each in measured],
        kinds,
        bad,
    )


def main() -> None:
    """Answer jobs until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to answer
    warnings.simplefilter("ignore")
    arrays: dict[str, np.memmap] = {}
    for line in sys.stdin.buffer:
        job = msgspec.json.decode(line, type=Job)
        if job.array not in arrays:
            arrays = {job.array: np.lib.format.open_memmap(job.array, mode="r+")}
            _limit_memory(arrays[job.array].nbytes)
        done = run_job(job, arrays[job.array])
        sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
        sys.stdout.buffer.flush()


def _limit_memory(array_bytes: int) -> None:
    limit = MEMORY_LIMIT_BYTES + array_bytes
    with contextlib.suppress(ValueError, OSError):  # a lower limit is in force already
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
