"""Decodes one image file to a uint8 array, with Pillow alone. Runs in a child process."""

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from medtui.datasets.decoding.image_stats import Images
from medtui.datasets.decoding.png import MAX_PIXELS, SIGNATURE, BadImageError, check_png

DECODER_VERSION = 1
"""Part of every cache key: increase it when a file would decode to different pixels."""

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
"""Formats that are decoded; Pillow's other plugins are never used on a user's file."""

MAX_FILE_BYTES = 1 << 28
"""256 MiB; larger files are rejected."""

JPEG_SIGNATURE, JPEG_END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class Decoded:
    """One decoded image."""

    pixels_HWC: Images
    """uint8 (size, size, channels)."""
    kind: str
    """Format, Pillow mode, width and height, like `PNG RGB 142x148`."""


def decode_file(path: Path, size: int, channels: int) -> Decoded:
    """Decode an image file of any supported mode.

    Raises:
        BadImageError: the file is unreadable, damaged, empty, too large or not an image.
    """
    return decode_bytes(_read(path), size, channels)


def decode_bytes(data: bytes, size: int, channels: int) -> Decoded:
    """Decode the content of a file; see `decode_file`."""
    image = open_image(data)
    kind = f"{image.format} {image.mode} {image.width}x{image.height}"
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            image = ImageOps.exif_transpose(image)
        return Decoded(fit(flatten(image, channels), size), kind)
    except BadImageError:
        raise
    except Exception as error:  # Pillow's decoders raise many types of exception
        raise BadImageError(_reason(error)) from error


def open_image(data: bytes) -> Image.Image:
    """Check the content of a file and open it, without decoding its pixels.

    Raises:
        BadImageError: the content is damaged, empty, too large or not an image.
    """
    if not data:
        raise BadImageError("empty: zero bytes")
    if data.startswith(SIGNATURE):
        data = check_png(data)
    elif data.startswith(JPEG_SIGNATURE) and JPEG_END not in data[-4096:]:
        raise BadImageError("truncated")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:  # see above
        raise BadImageError(_reason(error)) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImageError(f"too large: {width} x {height} pixels")
    if getattr(image, "n_frames", 1) > 1:
        raise BadImageError("several frames in one file")
    return image


def flatten(image: Image.Image, channels: int) -> Image.Image:
    """Return the image as `L` or `RGB`; 16-bit pixels are scaled down, opacity is dropped."""
    if image.mode.startswith("I"):
        image = _eight_bit(np.asarray(image))
    elif image.mode == "F":
        raise BadImageError("floating-point pixels of unknown range")
    if image.mode in {"P", "PA"}:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def fit(image: Image.Image, size: int) -> Images:
    """Scale an `L` or `RGB` image to uint8 (size, size, C), bilinear, ignoring its aspect ratio."""
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels  # noqa: PLR2004 - grey has no channel axis


def _eight_bit(deep: np.ndarray) -> Image.Image:
    """Scale 16-bit pixels to 8 bits; Pillow's `convert` would clip most of them to white.

    Source: python-pillow/Pillow issues 2574 and 3011.
    """
    if deep.min() < 0 or deep.max() > 0xFFFF:  # noqa: PLR2004 - 16 bit
        raise BadImageError("32-bit pixels of unknown range")
    return Image.fromarray((deep >> 8).astype(np.uint8))


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, opened so that no pipe can block
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadImageError("not a regular file")
            if status.st_size > MAX_FILE_BYTES:
                raise BadImageError(f"too large: {status.st_size:,} bytes")
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
