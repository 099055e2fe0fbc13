"""Decoded images with per-image statistics. Opens no files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.decoding.image_stats import Images, hash_image

_AT_ONCE = 256
"""Images measured together; more would only need more memory."""


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

    def choose(self, positions: NDArray[np.int64]) -> "Pixels":
        """Return the good images at `positions`, in this order."""
        return Pixels(
            images_NHWC=self.images_NHWC[positions],
            sums_NC=self.sums_NC[positions],
            squares_NC=self.squares_NC[positions],
            hashes_N=[self.hashes_N[each] for each in positions.tolist()],
            kinds_N=[self.kinds_N[each] for each in positions.tolist()],
            bad={},
        )


def pixels_of(images_NHWC: Images, kind: str) -> Pixels:
    """Return an array of images, all of one kind, with their statistics."""
    num_images, *_, channels = images_NHWC.shape
    sums_NC = np.empty((num_images, channels), np.uint64)
    squares_NC = np.empty_like(sums_NC)
    for first in range(0, num_images, _AT_ONCE):
        rows = slice(first, first + _AT_ONCE)
        values_NPC = images_NHWC[rows].reshape(-1, images_NHWC[0].size // channels, channels)
        for channel in range(channels):
            values_NP = values_NPC[..., channel].astype(np.float32)
            sums_NC[rows, channel] = values_NP.sum(axis=1, dtype=np.float64)
            squares_NC[rows, channel] = np.square(values_NP).sum(axis=1, dtype=np.float64)
    hashes = [hash_image(image) for image in images_NHWC]
    return Pixels(images_NHWC, sums_NC, squares_NC, hashes, [kind] * num_images, bad={})


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
