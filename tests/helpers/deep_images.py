"""Files with pixels deeper than 8 bits, written byte by byte where Pillow cannot."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_IMAGE_WIDTH, _IMAGE_LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES, _FORMAT = 273, 277, 278, 279, 339


def tiff(pixels: NDArray[np.generic], *, order: str = "<", white_is_zero: bool = False) -> bytes:
    """Return an uncompressed grey TIFF of the array's own type; `order` is `<` or `>`."""
    height, width = pixels.shape
    form = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    start = 8 + 2 + 12 * 10 + 4
    tags = {
        _IMAGE_WIDTH: width, _IMAGE_LENGTH: height, _BITS: 8 * pixels.dtype.itemsize,
        _COMPRESSION: 1, _PHOTOMETRIC: int(not white_is_zero), _STRIP_OFFSETS: start,
        _SAMPLES: 1, _ROWS_PER_STRIP: height, _STRIP_BYTES: len(data), _FORMAT: form,
    }  # fmt: skip
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(tags))
    return head + entries + bytes(4) + data


def png16(pixels: NDArray[np.uint16]) -> bytes:
    """Return a 16-bit PNG: grey (H, W), grey with opacity (H, W, 2), RGB or RGBA."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
