"""Decoded images and what is measured on each of them once. Knows no files."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 16
"""Enough that two different images never share a hash by chance."""

Images = NDArray[np.uint8]
"""uint8 (N, H, W, C)."""


@dataclass(frozen=True)
class Pixels:
    """All images of a listing, in its order."""

    images_NHWC: Images
    """May be memory-mapped."""
    sums_NC: NDArray[np.uint64]
    """Sum of each image's pixels per channel."""
    squares_NC: NDArray[np.uint64]
    """Sum of their squares."""
    hashes_N: list[str]
    """Hash of each image's pixels, hexadecimal; equal for equal pictures."""
    bad: dict[int, str]
    """Positions of images that cannot be used, and why; their pixels are 0."""

    def choose(self, positions: NDArray[np.int64]) -> "Pixels":
        """Give the good images at `positions`, in this order."""
        return Pixels(
            images_NHWC=self.images_NHWC[positions],
            sums_NC=self.sums_NC[positions],
            squares_NC=self.squares_NC[positions],
            hashes_N=[self.hashes_N[each] for each in positions.tolist()],
            bad={},
        )


@dataclass(frozen=True)
class Measured:
    """What is measured on one image."""

    sums: list[int]
    """Sum of pixels per channel."""
    squares: list[int]
    """Sum of their squares per channel."""
    hash: str
    """Hash of the pixels, hexadecimal."""


def measure(image_HWC: Images) -> Measured:
    """Measure one image."""
    values = image_HWC.reshape(-1, image_HWC.shape[-1]).astype(np.uint32)
    return Measured(
        sums=values.sum(axis=0, dtype=np.uint64).tolist(),
        squares=(values * values).sum(axis=0, dtype=np.uint64).tolist(),
        hash=hashlib.blake2b(image_HWC.tobytes(), digest_size=HASH_BYTES).hexdigest(),
    )


def pixels_of(images_NHWC: Images, bad: dict[int, str] | None = None) -> Pixels:
    """Measure every image of an array."""
    measured = [measure(image) for image in images_NHWC]
    return Pixels(
        images_NHWC=images_NHWC,
        sums_NC=np.array([each.sums for each in measured], np.uint64),
        squares_NC=np.array([each.squares for each in measured], np.uint64),
        hashes_N=[each.hash for each in measured],
        bad=bad or {},
    )


def mean_and_std(
    pixels: Pixels, positions: NDArray[np.int64]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give mean and standard deviation per channel of the images at `positions`, scaled to 0..1.

    A channel without contrast gets a deviation of 1, so that normalising never divides by 0.
    """
    count = len(positions) * int(np.prod(pixels.images_NHWC.shape[1:3]))
    mean = pixels.sums_NC[positions].sum(axis=0) / count
    variance = pixels.squares_NC[positions].sum(axis=0) / count - mean**2
    std = np.sqrt(np.maximum(variance, 0.0))
    std[std == 0] = 255.0
    return tuple((mean / 255).tolist()), tuple((std / 255).tolist())
