"""What decoding finds out about images: in a decoder's results and in a cache entry's index."""

import msgspec


class DecodedImages(msgspec.Struct, frozen=True):
    """Statistics of decoded images, one list entry for each, and the files that were not usable."""

    sums: list[list[int]]
    """Sum of the pixels per image and channel."""
    squares: list[list[int]]
    """Sum of the squared pixels per image and channel."""
    hashes: list[str]
    """Hash of each image's pixels."""
    kinds: list[str]
    """Format, mode, width and height of each file; empty for bad files."""
    bad: dict[int, str]
    """Row to the reason why its file could not be decoded."""
    largest: dict[int, int] = {}
    """Row to the largest stored value of an image deeper than 8 bits without a window."""
    bits: int | None = None
    """Range of these images: 2**bits is white; None where each is scaled to its own, if any is."""
