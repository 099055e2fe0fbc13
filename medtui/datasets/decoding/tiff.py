"""Tells kinds of TIFF apart that Pillow opens alike, and refuses those of unknown range."""

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

_SIGNED, _FLOAT = 2, 3
"""Values of the tag SampleFormat."""

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
    if _SIGNED in _numbers(image, SAMPLEFORMAT):
        bits = 16 if ";16" in str(image.tile) else 32
        raise BadImageError(f"signed {bits}-bit pixels of unknown range; {_WINDOW_CURE}")


def is_white_zero(image: Image.Image) -> bool:
    """Return whether 0 is white in a TIFF; Pillow turns only those of 8 bits or less."""
    return isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0


def _numbers(image: TiffImageFile, tag: int) -> tuple[int, ...]:
    value = image.tag_v2.get(tag, ())
    return value if isinstance(value, tuple) else (value,)
