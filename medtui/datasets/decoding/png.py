"""Checks a whole PNG file before it is decoded.

Pillow fills missing rows with black without an error, and torchvision's decoder crashes on a
single flipped byte. The check therefore requires a correct checksum of every chunk and exactly as
many inflated bytes as the rows need.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"

MAX_PIXELS = 1 << 26
"""67 megapixels: the largest image that is decoded, about 200 MB in memory."""

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type to samples per pixel."""

_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""First column, first row, column step, row step of the seven interlace passes."""


class BadImageError(Exception):
    """A file that is not a usable image; the message is the reason in a few words."""


_BLOCK_BYTES = 0xFFFF
"""Maximum length of a stored block in a deflate stream."""


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    bit_depth: int
    colour_type: int
    is_interlaced: bool

    @property
    def inflated_bytes(self) -> int:
        """Return the size of the inflated image data: a filter byte and the samples of each row."""
        passes = _ADAM7 if self.is_interlaced else ((0, 0, 1, 1),)
        return sum(
            rows * (1 + (columns * self.bit_depth * _SAMPLES[self.colour_type] + 7) // 8)
            for x, y, dx, dy in passes
            if (columns := -(-(self.width - x) // dx)) > 0
            and (rows := -(-(self.height - y) // dy)) > 0
        )


def check_png(data: bytes) -> bytes:
    """Check structure, checksums and image data of a PNG file; return an equivalent PNG.

    The returned PNG has the same pixels in stored instead of deflated blocks: the data was inflated
    for the check, so the decoder need not inflate it again.

    Raises:
        BadImageError: the file is damaged, truncated or too large.

    Source: PNG specification, third edition, sections 5 and 10.
    """
    header: _Header | None = None
    compressed: list[memoryview] = []
    before: list[memoryview] = []
    after: list[memoryview] = []
    for kind, body, chunk in _chunks(memoryview(data)):
        if kind == b"IDAT":
            compressed.append(body)
        else:
            (after if compressed else before).append(chunk)
        if kind == b"IHDR":
            header = _header(body)
        elif header is None:
            raise BadImageError("damaged: no header")
    assert header is not None
    rows = _inflate(header, compressed)
    return b"".join([SIGNATURE, *before, *_stored(rows), *after])


def _chunks(view: memoryview) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Yield kind, body and whole chunk up to IEND; bytes after it are ignored, as by decoders.

    A chunk is its length, its kind, `length` bytes, and a CRC-32 over kind and bytes. A file cut at
    any byte fails here: every chunk must be complete, and the last one must be IEND.
    """
    offset = len(SIGNATURE)
    kind = b""
    while kind != b"IEND":
        if offset + 12 > len(view):
            raise BadImageError("truncated")
        length, kind = struct.unpack_from(">I4s", view, offset)
        end = offset + 12 + length
        if end > len(view):
            raise BadImageError("truncated")
        (checksum,) = struct.unpack_from(">I", view, end - 4)
        if zlib.crc32(view[offset + 4 : end - 4]) != checksum:
            raise BadImageError(f"damaged: wrong checksum in {_shown(kind)}")
        yield kind, view[offset + 8 : end - 4], view[offset:end]
        offset = end


def _header(body: memoryview) -> _Header:
    if len(body) != 13:  # noqa: PLR2004 - IHDR's length
        raise BadImageError("damaged: header has the wrong length")
    width, height, bit_depth, colour_type, _, _, interlace = struct.unpack(">IIBBBBB", body)
    if not width or not height:
        raise BadImageError("empty: no pixels")
    if width * height > MAX_PIXELS:
        raise BadImageError(f"too large: {width} x {height} pixels")
    if colour_type not in _SAMPLES or bit_depth not in {1, 2, 4, 8, 16} or interlace > 1:
        raise BadImageError("damaged: invalid header")
    return _Header(width, height, bit_depth, colour_type, bool(interlace))


def _inflate(header: _Header, compressed: list[memoryview]) -> bytes:
    """Return the inflated image data.

    At most one byte more than the rows need is inflated: enough to detect surplus data, and safe
    against decompression bombs.
    """
    expected = header.inflated_bytes
    try:
        rows = zlib.decompressobj().decompress(b"".join(compressed), expected + 1)
    except zlib.error as error:
        raise BadImageError("damaged: image data cannot be inflated") from error
    if len(rows) < expected:
        raise BadImageError(f"rows missing: {len(rows):,} of {expected:,} bytes")
    if len(rows) > expected:
        raise BadImageError("damaged: more image data than rows")
    return rows


def _stored(rows: bytes) -> list[bytes]:
    """Return the pieces of an IDAT chunk with `rows` in uncompressed blocks.

    Source: RFC 1950, section 2.2, and RFC 1951, section 3.2.4.
    """
    parts = [b"IDAT", b"\x78\x01"]
    for first in range(0, len(rows), _BLOCK_BYTES):
        block = rows[first : first + _BLOCK_BYTES]
        is_last = first + _BLOCK_BYTES >= len(rows)
        parts += [struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF), block]
    parts.append(struct.pack(">I", zlib.adler32(rows)))
    body = b"".join(parts)
    return [struct.pack(">I", len(body) - 4), body, struct.pack(">I", zlib.crc32(body))]


def _shown(kind: bytes) -> str:
    return kind.decode("ascii", "replace") if kind.isalpha() else "a chunk"
