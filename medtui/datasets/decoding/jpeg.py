"""Finds the end of the picture in a JPEG file."""

import re

from medtui.datasets.decoding.png import BadImageError

SIGNATURE = b"\xff\xd8"

_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that are followed by no segment."""

_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
"""A marker; `ff 00` is a stuffed byte of image data, and further `ff` before a marker fill."""
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""A marker that ends image data: any but a restart marker."""


def first_picture(data: bytes) -> bytes:
    """Return the bytes up to the first picture's end marker.

    Phones write further pictures (MPO) or other data behind it. The marker is found by following
    the segments: the same two bytes may occur in a segment, as in a thumbnail.

    Raises:
        BadImageError: the end marker is missing, or a segment is damaged.

    Source: ITU-T T.81, annex B.1.
    """
    offset, pattern = len(SIGNATURE), _MARKER
    while (found := pattern.search(data, offset)) is not None:
        offset, kind = found.end(), found[0][1]
        pattern = _MARKER
        if kind == _END:
            return data[:offset]
        if kind in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(data[offset : offset + 2], "big")
        if length < 2:  # noqa: PLR2004 - a segment's length includes its own two bytes
            raise BadImageError("damaged: invalid segment" if length else "truncated")
        offset += length
        if kind == _SCAN:
            pattern = _MARKER_IN_SCAN
    raise BadImageError("truncated")
