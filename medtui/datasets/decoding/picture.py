"""What a file contains before it is scaled: an 8-bit image, or numbers of any range."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medtui.datasets.decoding.fitting import pad, scale, scale_values
from medtui.datasets.decoding.image_stats import Images
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.decoding.settings import DecodeSettings

BYTE_BITS, WHITE = 8, 255
"""Bits and largest value of the pixels that the cache stores."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Share of red, green and blue in grey, as in Pillow's conversion. Source: ITU-R BT.601."""


@dataclass(frozen=True)
class Flat:
    """An 8-bit image."""

    image: Image.Image
    """Upright, in any 8-bit mode of Pillow."""
    kind: str
    """Format, Pillow mode, width and height, like `PNG RGB 142x148`."""


@dataclass(frozen=True)
class Deep:
    """An image whose pixels have more than 8 bits, or a range of their own."""

    values: NDArray[np.generic]
    """(H, W) or (H, W, 3), upright, as stored; whole numbers where `window` is None."""
    kind: str
    """As of `Flat`, like `PNG I;16 2048x2500`."""
    window: tuple[float, float] | None = None
    """The file's own window; None where the range of the whole set applies."""
    is_inverted: bool = False
    """Whether the largest values are black."""


Picture = Flat | Deep


def bits_of(largest: int) -> int:
    """Return the bits that values up to `largest` need, at least 8."""
    return max(BYTE_BITS, largest.bit_length())


def largest_of(deep: Deep) -> int:
    """Return the largest value of an image, from which the range of the set follows.

    Raises:
        BadImageError: some values are negative, or too large to be a whole number in a float.
    """
    low, high = int(deep.values.min()), int(deep.values.max())
    if low < 0 or high > 0xFFFF:  # noqa: PLR2004 - 16 bit
        raise BadImageError(
            f"values from {low:,} to {high:,}; set those that become black and white in the card: "
            "window = [low, high]"
        )
    return high


def flat_pixels(flat: Flat, settings: DecodeSettings) -> Images:
    """Scale an 8-bit image to the square, as uint8 (size, size, C)."""
    image = flatten(flat.image, settings.channels)
    pixels = np.asarray(scale(image, settings.size, settings.fit))
    return pad(pixels[..., None] if pixels.ndim == 2 else pixels, settings.size)  # noqa: PLR2004 - grey has no channel axis


def flatten(image: Image.Image, channels: int) -> Image.Image:
    """Return an 8-bit image as `L` or `RGB`; opacity is dropped."""
    if image.mode in {"P", "PA"}:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def deep_pixels(deep: Deep, settings: DecodeSettings, bits: int | None) -> Images:
    """Scale a deep image first to the square, then to 8 bits, as uint8 (size, size, C).

    In this order the means of neighbours keep the levels between two of the 8-bit levels. `bits` is
    the range of the set; None where a window applies.
    """
    values = deep.values.astype(np.float32)
    if not np.isfinite(values).all():
        raise BadImageError("some pixels are not numbers")
    values_HWC = values[..., None] if values.ndim == 2 else values  # noqa: PLR2004 - see above
    if values_HWC.shape[-1] > settings.channels:
        values_HWC = (values_HWC @ _LUMA)[..., None]
    scaled_HWC = scale_values(values_HWC, settings.size, settings.fit)
    window = settings.window or deep.window
    if window is not None:
        low, high = window
        levels_HWC = np.rint((scaled_HWC - low) * (WHITE / (high - low)))
    else:
        assert bits is not None
        levels_HWC = np.floor_divide(np.rint(scaled_HWC), 1 << (bits - BYTE_BITS))
    pixels_HWC = levels_HWC.clip(0, WHITE).astype(np.uint8)
    if deep.is_inverted:
        pixels_HWC = WHITE - pixels_HWC
    shape = (*pixels_HWC.shape[:2], settings.channels)
    return pad(np.ascontiguousarray(np.broadcast_to(pixels_HWC, shape)), settings.size)
