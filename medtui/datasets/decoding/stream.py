"""Decodes files without keeping them: batches of pixels, as the decoder processes finish them.

For predictions, whose images are looked at once. Pixels pass through a temporary array that the
decoder processes write, as through that of the cache, but of a limited size.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.image_stats import Images
from medtui.datasets.decoding.pool import num_children, run_jobs
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.errors import EnvironmentProblem
from medtui.units import MIB

JOB_IMAGES = 64
"""Most files of a batch."""

_MAX_BYTES = 256 * MIB
"""Size of the temporary array; sets beyond it are decoded part by part."""

_MAX_ROWS = 16_384

Take = Callable[[int, Images, Done], None]
"""Called with the position of a batch's first file, its pixels (N, H, W, C), and what is known of
it: `Done.bad` counts rows from the same first file on."""


def decode_stream(files: Sequence[str], settings: DecodeSettings, take: Take) -> None:
    """Decode all files; `take` receives each batch in this thread, in any order.

    Pixels of unusable files are 0. The pixels are valid until `take` returns.

    Raises:
        EnvironmentProblem: the temporary folder has no space, or no decoder can be started.
    """
    if not files:
        return
    row_bytes = settings.size**2 * settings.channels
    num_rows = min(len(files), _MAX_ROWS, max(JOB_IMAGES, _MAX_BYTES // row_bytes))
    with TemporaryDirectory(prefix="medtui-decoded-") as folder:
        array = Path(folder) / "images.npy"
        shape = (num_rows, settings.size, settings.size, settings.channels)
        _create(array, shape)
        for start in range(0, len(files), num_rows):
            _decode_part(array, files[start : start + num_rows], start, settings, take)


def _create(array: Path, shape: tuple[int, ...]) -> None:
    """Create the array with its disk space: on a full disk, a sparse file ends its writer."""
    try:
        np.lib.format.open_memmap(array, mode="w+", dtype=np.uint8, shape=shape).flush()
        with array.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, array.stat().st_size)
    except OSError as error:
        raise EnvironmentProblem(
            f"{array.parent}: {error.strerror or error}. Decoded images could not be written.",
            hint="Free disk space, or set another temporary folder: TMPDIR=/path/with/space",
        ) from error


def _decode_part(
    array: Path, files: Sequence[str], start: int, settings: DecodeSettings, take: Take
) -> None:
    images_NHWC = np.load(array, mmap_mode="r")
    paths = [os.path.abspath(each) for each in files]  # noqa: PTH100 - links are kept
    jobs = [
        Job(str(array), first, paths[first : first + JOB_IMAGES], settings)
        for first in range(0, len(paths), JOB_IMAGES)
    ]

    def receive(done: Done) -> None:
        rows = slice(done.first, done.first + done.num_files)
        take(start + done.first, images_NHWC[rows], done)

    run_jobs(jobs, receive, min(num_children(), len(jobs)))
