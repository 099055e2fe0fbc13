"""Tells kinds of TIFF apart that Pillow opens alike, and refuses those of unknown range."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import (
    OPEN_INFO,
    PHOTOMETRIC_INTERPRETATION,
    SAMPLEFORMAT,
    STRIPBYTECOUNTS,
    STRIPOFFSETS,
    TILEBYTECOUNTS,
    TILEOFFSETS,
    TiffImageFile,
)

from medtui.datasets.decoding.png import BadImageError

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_SIGNED = 2
"""Value of the tag SampleFormat."""

_UPPER_HALF = 1 << 15
"""Values from here on need all 16 bits."""

_WINDOW_CURE = "set the values that become black and white in the card: window = [low, high]"


def prepare() -> None:
    """Let Pillow open 16-bit big-endian files in which 0 is white, as little-endian ones."""
    OPEN_INFO.setdefault((b"MM", 0, (1,), 1, (16,), ()), ("I;16B", "I;16B"))


def check_tiff(image: Image.Image, num_bytes: int, *, has_window: bool) -> None:
    """Check that a TIFF is one picture of a known range whose data is all there.

    Raises:
        BadImageError: it is not.
    """
    assert isinstance(image, TiffImageFile)
    if (count := image.n_frames) > 1:
        raise BadImageError(f"a stack of {count} pictures in one TIFF; save one picture per file")
    image.seek(0)
    for offsets, lengths in ((STRIPOFFSETS, STRIPBYTECOUNTS), (TILEOFFSETS, TILEBYTECOUNTS)):
        pieces = zip(_numbers(image, offsets), _numbers(image, lengths), strict=False)
        if any(offset + length > num_bytes for offset, length in pieces):
            raise BadImageError("truncated")
    if has_window:
        return
    if image.mode == "F":
        raise BadImageError(f"floating-point pixels of unknown range; {_WINDOW_CURE}")
    if image.mode == "I":
        sign = "signed" if _SIGNED in _numbers(image, SAMPLEFORMAT) else "unsigned"
        bits = 16 if ";16" in str(image.tile) else 32
        raise BadImageError(f"{sign} {bits}-bit pixels of unknown range; {_WINDOW_CURE}")


def is_white_zero(image: Image.Image) -> bool:
    """Return whether 0 is white in a TIFF; Pillow turns only those of 8 bits or less."""
    return isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0


def unsigned(image: Image.Image) -> NDArray[np.generic]:
    """Return the pixels; Pillow reads unsigned 32-bit ones as signed."""
    assert isinstance(image, TiffImageFile)
    is_signed = _SIGNED in _numbers(image, SAMPLEFORMAT)
    values: NDArray[np.generic] = np.asarray(image)
    return values.view(np.uint32) if image.mode == "I" and not is_signed else values


def with_black_zero(values: NDArray[np.generic]) -> tuple[NDArray[np.generic], bool]:
    """Turn pixels in which 0 is white; return whether they are still to be turned.

    Where all 16 bits are in use, 65,535 is black. Exports of 12-bit images leave the upper bits
    empty, and their black is the end of the range of the set, which is not known here.
    """
    if int(values.max()) < _UPPER_HALF:
        return values, True
    return np.bitwise_not(values.astype(np.uint16)), False


def _numbers(image: TiffImageFile, tag: int) -> tuple[int, ...]:
    value = image.tag_v2.get(tag, ())
    return value if isinstance(value, tuple) else (value,)
