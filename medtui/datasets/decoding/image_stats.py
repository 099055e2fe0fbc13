"""What is measured on each decoded image once, so that no later start reads all pixels again."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""uint8 (H, W, C) or (N, H, W, C)."""

HASH_BYTES = 16
"""Enough that two different images never share a hash by chance."""


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
    values_CP = image_HWC.reshape(-1, image_HWC.shape[-1]).T.astype(np.float64)
    return Measured(  # float64 is exact here: whole numbers far below 2**53
        sums=[int(total) for total in values_CP.sum(axis=1)],
        squares=[int(total) for total in np.einsum("cp,cp->c", values_CP, values_CP)],
        hash=hash_image(image_HWC),
    )


def hash_image(image_HWC: Images) -> str:
    """Hash one image's pixels."""
    return hashlib.blake2b(np.ascontiguousarray(image_HWC).data, digest_size=HASH_BYTES).hexdigest()
