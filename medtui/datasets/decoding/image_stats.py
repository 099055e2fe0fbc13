"""Statistics of one decoded image, stored so that later starts need not read all pixels."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""uint8 (H, W, C) or (N, H, W, C)."""

HASH_BYTES = 16
"""16 bytes: accidental collisions of different images are negligible."""


@dataclass(frozen=True)
class Measured:
    """Statistics of one image."""

    sums: list[int]
    """Sum of the pixels per channel."""
    squares: list[int]
    """Sum of the squared pixels per channel."""
    hash: str
    """Hexadecimal hash of the pixels."""


def measure(image_HWC: Images) -> Measured:
    """Return the statistics of one image."""
    values_CP = image_HWC.reshape(-1, image_HWC.shape[-1]).T.astype(np.float64)
    return Measured(  # float64 is exact here: whole numbers far below 2**53
        sums=[int(total) for total in values_CP.sum(axis=1)],
        squares=[int(total) for total in np.einsum("cp,cp->c", values_CP, values_CP)],
        hash=hash_image(image_HWC),
    )


def hash_image(image_HWC: Images) -> str:
    """Return the hash of one image's pixels."""
    return hashlib.blake2b(np.ascontiguousarray(image_HWC).data, digest_size=HASH_BYTES).hexdigest()
