"""Decoder process: reads jobs from stdin, writes pixels into the cache's array or sends headers.

An image that crashes the decoder ends this process only. Messages are JSON, one object per line.
The process ends when its parent closes the pipe or dies.
"""

import contextlib
import resource
import signal
import sys
import warnings
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from medtui.datasets.decoding.decoded_images import DecodedImages
from medtui.datasets.decoding.dicom_header import Header, read_header
from medtui.datasets.decoding.image import decode_file
from medtui.datasets.decoding.image_stats import Measured, measure
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.decoding.settings import DecodeSettings

MEMORY_LIMIT_BYTES = 4 << 30
"""Memory limit besides the array; larger images fail instead of filling the memory."""


class Job(msgspec.Struct, frozen=True):
    """Images to decode into consecutive rows."""

    array: str
    """The cache's array, an `.npy` file of uint8 (N, H, W, C); empty to measure images only."""
    first: int
    """Row of the first image."""
    files: list[str]
    """Paths of the images, one per row."""
    settings: DecodeSettings
    """Shape and scale of the decoded images."""
    kind: Literal["pixels", "headers"] = "pixels"
    """Whether the images are decoded, or their DICOM headers read."""


class Done(DecodedImages, frozen=True, kw_only=True):
    """Result of a job."""

    first: int
    """Row of the first image."""
    headers: list[Header | None] = msgspec.field(default_factory=list)
    """DICOM header of each file, where the job asks for them; None where it cannot be read."""

    @property
    def num_files(self) -> int:
        """Return the number of files that this is the result of: one after a crash."""
        return max(len(self.hashes), len(self.headers), 1)


def read_headers(job: Job) -> Done:
    """Read the DICOM headers of a job's files."""
    headers = [read_header(Path(file)) for file in job.files]
    return Done([], [], [], [], {}, first=job.first, headers=headers)


def run_job(job: Job, array_NHWC: np.ndarray | None) -> Done:
    """Decode the files of a job into the array, if there is one."""
    shape = (job.settings.size, job.settings.size, job.settings.channels)
    measured, kinds = list[Measured](), list[str]()
    bad, largest = dict[int, str](), dict[int, int]()
    for row, file in enumerate(job.files, start=job.first):
        try:
            decoded = decode_file(Path(file), job.settings)
            pixels_HWC = decoded.pixels_HWC
            kinds.append(decoded.kind)
            if decoded.largest is not None:
                largest[row] = decoded.largest
        except BadImageError as error:
            pixels_HWC = np.zeros(shape, np.uint8)
            kinds.append("")
            bad[row] = str(error)
        if array_NHWC is not None:
            array_NHWC[row] = pixels_HWC
        measured.append(measure(pixels_HWC))
    return Done(
        [each.sums for each in measured],
        [each.squares for each in measured],
        [each.hash for each in measured],
        kinds,
        bad,
        largest,
        job.settings.bits,
        first=job.first,
    )


def main() -> None:
    """Process jobs until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl+C
    warnings.simplefilter("ignore")
    _limit_memory(0)
    arrays: dict[str, np.memmap] = {}
    for line in sys.stdin.buffer:
        job = msgspec.json.decode(line, type=Job)
        if job.array and job.array not in arrays:
            arrays.clear()
            _limit_memory(Path(job.array).stat().st_size)
            arrays[job.array] = np.lib.format.open_memmap(job.array, mode="r+")
        is_header = job.kind == "headers"
        done = read_headers(job) if is_header else run_job(job, arrays.get(job.array))
        sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
        sys.stdout.buffer.flush()


def _limit_memory(array_bytes: int) -> None:
    limit = MEMORY_LIMIT_BYTES + array_bytes
    _, highest = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError, OSError):  # a lower limit is already set
        resource.setrlimit(resource.RLIMIT_AS, (limit, highest))


if __name__ == "__main__":
    main()
