"""The kinds of band behind the curves of a chart, in the order of their key."""

from typing import Literal

BandKind = Literal["margin", "interval", "none"]
"""What loses at most the margin; the 95 % interval of what is compared; no band."""

BAND_KINDS: tuple[BandKind, ...] = ("margin", "interval", "none")


def next_band(kind: BandKind) -> BandKind:
    """Return the kind of band that follows."""
    return BAND_KINDS[(BAND_KINDS.index(kind) + 1) % len(BAND_KINDS)]
