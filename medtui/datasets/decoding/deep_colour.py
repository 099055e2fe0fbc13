"""Reads colour images of 16 bits, of which Pillow itself keeps the high bytes only."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

_OTHER_BYTE = {"16B": "16L", "16L": "16B", "16N": "16B"}
"""Byte order of a raw mode to the one under which the low bytes are taken for the high ones."""

_RAW_MODES = frozenset({"RGB", "RGBA", "RGBX"})
"""Raw modes for which Pillow reads both byte orders."""

_GREY_AND_OPACITY = "LA;16B"


def is_deep_colour(image: Image.Image) -> bool:
    """Return whether an opened image that was not decoded yet has channels of 16 bits."""
    raw = _raw_mode(image)
    base, _, order = raw.partition(";")
    return raw == _GREY_AND_OPACITY or (base in _RAW_MODES and order in _OTHER_BYTE)


def read_deep_colour(open_again: Callable[[], Image.Image]) -> NDArray[np.uint16]:
    """Return uint16 (H, W, 3), or (H, W) of grey with opacity; opacity is dropped.

    Pillow has no 16-bit colour mode. It therefore decodes the file twice, with the high and with
    the low bytes; grey with opacity has as many bytes as RGBA, and is decoded as such.
    """
    high = open_again()
    raw = _raw_mode(high)
    if raw == _GREY_AND_OPACITY:
        bytes_HWC = np.asarray(_with_raw_mode(high, "RGBA"))
        return _joined(bytes_HWC[..., 0], bytes_HWC[..., 1])
    base, _, order = raw.partition(";")
    low = _with_raw_mode(open_again(), f"{base};{_OTHER_BYTE[order]}")
    return _joined(np.asarray(high)[..., :3], np.asarray(low)[..., :3])


def _joined(high: NDArray[np.uint8], low: NDArray[np.uint8]) -> NDArray[np.uint16]:
    joined: NDArray[np.uint16] = high.astype(np.uint16) << np.uint16(8) | low
    return joined


def _raw_mode(image: Image.Image) -> str:
    assert isinstance(image, ImageFile.ImageFile)
    arguments = image.tile[0].args if image.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) else arguments
    return raw if isinstance(raw, str) else ""


def _with_raw_mode(image: Image.Image, raw: str) -> Image.Image:
    assert isinstance(image, ImageFile.ImageFile)
    image.tile = [
        each._replace(args=(raw, *each.args[1:]) if isinstance(each.args, tuple) else raw)
        for each in image.tile
    ]
    return image
