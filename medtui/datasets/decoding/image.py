"""Decodes one image file to a uint8 array, with Pillow alone. Runs in a child process."""

import io
import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from medtui.datasets.decoding import jpeg, tiff
from medtui.datasets.decoding.deep_colour import is_deep_colour, read_deep_colour
from medtui.datasets.decoding.dicom import is_dicom, read_dicom
from medtui.datasets.decoding.image_stats import Images
from medtui.datasets.decoding.picture import (
    Deep,
    Flat,
    Picture,
    bits_of,
    deep_pixels,
    flat_pixels,
    largest_of,
)
from medtui.datasets.decoding.png import MAX_PIXELS, SIGNATURE, BadImageError, check_png
from medtui.datasets.decoding.settings import DecodeSettings

DECODER_VERSION = 1
"""Part of every cache key: increase it when a file would decode to different pixels."""

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
"""Formats that are decoded; Pillow's other plugins are never used on a user's file."""

MAX_FILE_BYTES = 1 << 28
"""256 MiB; larger files are rejected."""


_FIRST_QUARTER_TURN = 5
"""Exif orientations from this on swap width and height."""


@dataclass(frozen=True)
class Decoded:
    """One decoded image."""

    pixels_HWC: Images
    """uint8 (size, size, channels)."""
    kind: str
    """Format, Pillow mode, upright width and height, like `PNG RGB 142x148`."""
    largest: int | None = None
    """Largest stored value of a deep image without a window of its own; None for others."""


def decode_file(path: Path, settings: DecodeSettings) -> Decoded:
    """Decode an image file of any supported mode.

    Raises:
        BadImageError: the file is unreadable, damaged, empty, too large or not an image.
    """
    return decode_bytes(_read(path), settings)


def decode_bytes(data: bytes, settings: DecodeSettings) -> Decoded:
    """Decode the content of a file; see `decode_file`."""
    try:
        picture = read_picture(data, settings)
        match picture:
            case Flat():
                return Decoded(flat_pixels(picture, settings), picture.kind)
            case Deep():
                return _decode_deep(picture, settings)
    except BadImageError:
        raise
    except Exception as error:  # Pillow's decoders raise many types of exception
        raise BadImageError(_reason(error)) from error
    assert_never(picture)


def _decode_deep(deep: Deep, settings: DecodeSettings) -> Decoded:
    """Decode to 8 bits, by a window, the range of the set, or the image's own range."""
    if settings.window is not None or deep.window is not None:
        return Decoded(deep_pixels(deep, settings, None), deep.kind)
    largest = largest_of(deep)
    bits = settings.bits or bits_of(largest)
    return Decoded(deep_pixels(deep, settings, bits), deep.kind, largest)


def read_picture(data: bytes, settings: DecodeSettings) -> Picture:
    """Return what a file contains: an 8-bit image or deep pixels.

    Each format that Pillow does not read has its branch here.

    Raises:
        BadImageError: see `decode_file`.
    """
    if is_dicom(data):
        return read_dicom(data, settings)
    data = checked(data)
    image = open_image(data)
    if image.format == "TIFF":
        tiff.check_tiff(image, len(data), has_window=settings.window is not None)
    is_colour = is_deep_colour(image)  # before the Exif data is read, which decodes a PNG
    name = "JPEG" if image.format == "MPO" else image.format
    is_turned = _orientation(image) >= _FIRST_QUARTER_TURN
    width, height = image.size[::-1] if is_turned else image.size
    shape = f"{width}x{height}"
    if is_colour:
        colour = read_deep_colour(partial(open_image, data))
        return Deep(_upright(colour, image), f"{name} {image.mode};16 {shape}")
    kind = f"{name} {image.mode} {shape}"
    if image.mode.startswith("I") or image.mode == "F":
        values = tiff.unsigned(image) if name == "TIFF" else np.asarray(image)
        is_inverted = tiff.is_white_zero(image)
        if is_inverted and settings.window is None:
            values, is_inverted = tiff.with_black_zero(values)
        return Deep(_upright(values, image), kind, is_inverted=is_inverted)
    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    return Flat(image, kind)


def _orientation(image: Image.Image) -> int:
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _upright(values: NDArray[np.generic], image: Image.Image) -> NDArray[np.generic]:
    """Turn pixels as the image's orientation says. Source: Exif 2.32, tag 274."""
    orientation = _orientation(image)
    if orientation >= _FIRST_QUARTER_TURN:
        values = np.swapaxes(values, 0, 1)
    is_upside_down = orientation in {3, 4, 7, 8}
    is_mirrored = orientation in {2, 3, 6, 7}
    return values[:: -1 if is_upside_down else 1, :: -1 if is_mirrored else 1]


def checked(data: bytes) -> bytes:
    """Check the content of a file as far as its format allows; return what is to be decoded.

    Raises:
        BadImageError: the content is damaged or empty.
    """
    if not data:
        raise BadImageError("empty: zero bytes")
    if data.startswith(SIGNATURE):
        return check_png(data)
    return jpeg.first_picture(data) if data.startswith(jpeg.SIGNATURE) else data


def open_image(data: bytes) -> Image.Image:
    """Open the checked content of a file, without decoding its pixels.

    Raises:
        BadImageError: the content is damaged, too large or not an image.
    """
    tiff.prepare()
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:  # see above
        raise BadImageError(_reason(error)) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImageError(f"too large: {width} x {height} pixels")
    if image.format not in {"TIFF", "MPO"} and getattr(image, "n_frames", 1) > 1:
        raise BadImageError("several frames in one file")
    return image


def is_deep_file(kind: str, file: str) -> bool:
    """Return whether a file of a known kind has more than 8 bits; it is looked at where unclear.

    Earlier versions recorded the same kind for colour images of 8 and of 16 bits.
    """
    form, _, mode = kind.rpartition(" ")[0].partition(" ")
    if mode.startswith(("I", "F")) or ";16" in mode:
        return True
    if form not in {"PNG", "TIFF"} or mode not in {"RGB", "RGBA"}:
        return False
    try:
        with Image.open(file, formats=(form,)) as image:
            return is_deep_colour(image)
    except Exception:  # noqa: BLE001 - see above
        return True


def open_file(path: Path) -> io.BufferedReader:
    """Open a file to read it; a pipe is refused rather than waited for.

    Raises:
        BadImageError: it is no regular file, or too large.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    file = open(descriptor, "rb")  # noqa: PTH123, SIM115 - a descriptor; the caller closes it
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_FILE_BYTES:
        return file
    file.close()
    is_regular = stat.S_ISREG(status.st_mode)
    raise BadImageError(
        f"too large: {status.st_size:,} bytes" if is_regular else "not a regular file"
    )


def _read(path: Path) -> bytes:
    try:
        with open_file(path) as file:
            return file.read()
    except OSError as error:
        raise BadImageError(f"unreadable: {error.strerror or error}") from error


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    if "cannot identify image file" in text:
        return "not an image in a supported format"
    if "truncated" in text.lower():
        return "truncated"
    return f"damaged: {text or type(error).__name__}"[:120]
