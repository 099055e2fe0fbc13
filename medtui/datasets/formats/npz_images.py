"""Reads images of an npz file chunk by chunk, so that memory does not grow with their number."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medtui.datasets.cache.build import CacheBuild
from medtui.datasets.decoding.child import Done
from medtui.datasets.decoding.image_stats import Images, measure
from medtui.datasets.decoding.picture import Flat, flat_pixels
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.index import SPLITS, ImageIndex
from medtui.errors import EnvironmentProblem
from medtui.units import MIB

_CHUNK_BYTES = 8 * MIB
"""Bytes of images that are read, or written, at once."""

GREY_NDIM = 3
"""Dimensions of (N, H, W); RGB has one more."""

READ_ERRORS = (
    OSError,
    AttributeError,
    TypeError,
    ValueError,
    EOFError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise for damaged files."""


@dataclass(frozen=True)
class Header:
    """Header of an array in an npz file."""

    shape: tuple[int, ...]
    """Its shape."""
    is_fortran: bool
    """Whether the first axis varies fastest."""
    dtype: np.dtype[Any]
    """Its type."""


def read_header(member: IO[bytes]) -> Header:
    """Read the header of an array; the member then stands at the array's first byte."""
    version = np.lib.format.read_magic(member)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    return Header(*read(member))


def unreadable(path: Path, error: Exception) -> EnvironmentProblem:
    """Return the error for a file that numpy or zipfile cannot read."""
    reason = (isinstance(error, OSError) and error.strerror) or error
    return EnvironmentProblem(
        f"{path}: {reason}. The npz file cannot be read.",
        hint="Set another MedMNIST npz file: --set data.root=/path/to/file.npz",
    )


def fill_from_npz(build: CacheBuild, index: ImageIndex) -> None:
    """Scale the missing images of an npz file into the cache's array.

    The array is written as a file: a memory-mapped one would count as memory of this process. All
    of the file is read, because only then its checksums are compared.

    Raises:
        EnvironmentProblem: the file is damaged or unreadable.
    """
    assert index.npz is not None
    assert index.rows is not None
    rows = index.rows[np.flatnonzero(~build.is_done)]
    images = _images_at(index.npz, rows, is_read_to_the_end=True)
    offset = np.load(build.array, mmap_mode="r").offset
    image_bytes = int(np.prod(build.shape[1:]))
    with build.array.open("r+b") as file:
        for run in build.missing_runs(max(1, _CHUNK_BYTES // image_bytes)):
            scaled = [_scaled(each, build.settings) for each in islice(images, len(run))]
            file.seek(offset + int(run[0]) * image_bytes)
            file.write(b"".join(pixels_HWC.tobytes() for pixels_HWC, _ in scaled))
            file.flush()
            build.take(_measured(int(run[0]), scaled))
    for _ in images:
        pass


def read_images(index: ImageIndex, settings: DecodeSettings) -> list[Images]:
    """Return the images of a short index, without reading the file behind the last of them.

    Raises:
        EnvironmentProblem: the file is damaged or unreadable.
    """
    assert index.npz is not None
    assert index.rows is not None
    order = np.argsort(index.rows, kind="stable")
    found = _images_at(index.npz, index.rows[order], is_read_to_the_end=False)
    images = {int(at): _scaled(image, settings)[0] for at, image in zip(order, found, strict=True)}
    return [images[at] for at in range(len(images))]


def _scaled(image: Images, settings: DecodeSettings) -> tuple[Images, str]:
    """Return an (H, W) or (H, W, 3) image as (size, size, channels), and its kind."""
    mode = "L" if image.ndim < GREY_NDIM else "RGB"
    kind = f"npz {mode} {image.shape[1]}x{image.shape[0]}"
    return flat_pixels(Flat(Image.fromarray(image), kind), settings), kind


def _measured(first: int, scaled: list[tuple[Images, str]]) -> Done:
    measured = [measure(pixels_HWC) for pixels_HWC, _ in scaled]
    return Done(
        [each.sums for each in measured],
        [each.squares for each in measured],
        [each.hash for each in measured],
        [kind for _, kind in scaled],
        bad={},
        first=first,
    )


def _images_at(
    path: Path, rows: NDArray[np.int64], *, is_read_to_the_end: bool
) -> Iterator[Images]:
    """Yield the images at ascending rows, counted through train, val and test."""
    assert (np.diff(rows) >= 0).all()
    try:
        with zipfile.ZipFile(path) as archive:
            start = 0
            for split in SPLITS:
                with archive.open(f"{split}_images.npy") as member:
                    header = read_header(member)
                    end = start + header.shape[0]
                    wanted = rows[np.searchsorted(rows, start) : np.searchsorted(rows, end)]
                    for first, images in _chunks(member, header):
                        low, high = np.searchsorted(
                            wanted, (start + first, start + first + len(images))
                        )
                        yield from images[wanted[low:high] - start - first]
                        if high == len(wanted) and not is_read_to_the_end:
                            break
                start = end
    except READ_ERRORS as error:
        raise unreadable(path, error) from error


def _chunks(member: IO[bytes], header: Header) -> Iterator[tuple[int, Images]]:
    """Yield row and images of consecutive chunks of an array."""
    count, *shape = header.shape
    image_bytes = int(np.prod(shape))
    if header.is_fortran:  # images lie interleaved: only the whole array can be read
        whole = np.frombuffer(member.read(), np.uint8)
        yield 0, whole.reshape(header.shape, order="F")
        return
    at_once = max(1, _CHUNK_BYTES // image_bytes)
    for first in range(0, count, at_once):
        num_images = min(at_once, count - first)
        raw = member.read(num_images * image_bytes)
        yield first, np.frombuffer(raw, np.uint8).reshape(num_images, *shape)
    if member.read(1):
        raise ValueError("more data than the array's shape needs")
