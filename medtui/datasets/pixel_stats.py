"""Decoded images with per-image statistics. Opens no files."""

import mmap
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.decoding.image_stats import Images
from medtui.units import MIB

_COPIED_BYTES = 16 * MIB
"""Bytes that are copied before pages are released."""


@dataclass(frozen=True)
class Pixels:
    """All images of an index, in its order."""

    images_NHWC: Images
    """May be memory-mapped."""
    sums_NC: NDArray[np.uint64]
    """Sum of each image's pixels per channel."""
    squares_NC: NDArray[np.uint64]
    """Sum of the squared pixels per channel."""
    hashes_N: list[str]
    """Hexadecimal hash of each image's pixels; equal for identical images."""
    kinds_N: list[str]
    """Format, mode and size of each file, like `PNG RGB 142x148`; empty for bad files."""
    bad: dict[int, str]
    """Position of each unusable image to the reason; its pixels are 0."""
    largest: dict[int, int] = field(default_factory=dict)
    """Position to the largest stored value of an image deeper than 8 bits without a window."""
    bits: int | None = None
    """Range by which those images were scaled: 2**bits is white; None where there are none."""

    def choose(self, positions: NDArray[np.int64]) -> "Pixels":
        """Return the good images at `positions`, in this order."""
        return Pixels(
            images_NHWC=copy_rows(self.images_NHWC, positions),
            sums_NC=self.sums_NC[positions],
            squares_NC=self.squares_NC[positions],
            hashes_N=[self.hashes_N[each] for each in positions.tolist()],
            kinds_N=[self.kinds_N[each] for each in positions.tolist()],
            bad={},
            largest={
                new: self.largest[old]
                for new, old in enumerate(positions.tolist())
                if old in self.largest
            },
            bits=self.bits,
        )


def copy_rows(images_NHWC: Images, positions: NDArray[np.int64]) -> Images:
    """Return the images at `positions` in memory.

    The pages of a memory-mapped array are released piece by piece: they count as memory of this
    process, which would else hold the images twice.
    """
    copy_NHWC = np.empty((len(positions), *images_NHWC.shape[1:]), np.uint8)
    mapped = getattr(images_NHWC, "_mmap", None)  # numpy has no public name for it
    at_once = max(1, _COPIED_BYTES // images_NHWC[:1].nbytes)
    for first in range(0, len(positions), at_once):
        rows = slice(first, first + at_once)
        copy_NHWC[rows] = images_NHWC[positions[rows]]
        if isinstance(mapped, mmap.mmap):
            mapped.madvise(mmap.MADV_DONTNEED)
    return copy_NHWC


def mean_and_std(
    pixels: Pixels, positions: NDArray[np.int64]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel of the images at `positions`, scaled to 0..1.

    The standard deviation of a constant channel is 1, so that normalisation never divides by 0.
    """
    count = len(positions) * int(np.prod(pixels.images_NHWC.shape[1:3]))
    mean = pixels.sums_NC[positions].sum(axis=0) / count
    variance = pixels.squares_NC[positions].sum(axis=0) / count - mean**2
    std = np.sqrt(np.maximum(variance, 0.0))
    std[std == 0] = 255.0
    return tuple((mean / 255).tolist()), tuple((std / 255).tolist())
