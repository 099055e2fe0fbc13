"""Findings about the depth of pixels: how deep images were scaled, and whether depths are mixed."""

from collections import Counter
from itertools import pairwise

from medtui.datasets.card import Card
from medtui.datasets.decoding.picture import BYTE_BITS, bits_of
from medtui.datasets.findings import Findings, error, note, warning
from medtui.datasets.pixel_stats import Pixels
from medtui.protocol.finding import Finding
from medtui.units import plural

_GAP_BITS = 3
"""Images that need this many bits less than all others are of another depth, not just darker."""

_LOW_SHARE = 0.05
"""Smallest share of such images: a few of every set are nearly black."""


def depth_findings(card: Card, pixels: Pixels) -> Findings:
    """Return how the images deeper than 8 bits were scaled, and what is wrong with their depths."""
    num_deep = sum(map(_is_deep, pixels.kinds_N))
    if not num_deep:
        return ()
    found = [
        note(
            "deep-pixels", f"{plural(num_deep, 'image')} deeper than 8 bits: {_scale(card, pixels)}"
        )
    ]
    found += [*_beyond_the_range(card, pixels), *_missing_windows(card, pixels)]
    if (mixture := _mixture(pixels)) is None:
        return tuple(found)
    if card.bits is None and card.window is None:
        cure = (
            "; state the depth of the deeper ones in the card: bits = 12, or window = [low, high]"
        )
        return (*found, error("mixed-bit-depths", mixture + cure))
    return (*found, warning("mixed-bit-depths", mixture))


def _is_deep(kind: str) -> bool:
    mode = kind.rpartition(" ")[0].partition(" ")[2]
    return mode.startswith(("I", "F")) or ";16" in mode


def _is_flat(kind: str) -> bool:
    return bool(kind) and not _is_deep(kind) and not kind.startswith("DICOM")


def _scale(card: Card, pixels: Pixels) -> str:
    if card.window is not None:
        return f"the card's window of {card.window[0]:g} to {card.window[1]:g}"
    if pixels.bits is None:
        return "the files' own windows"
    by = "by the card" if card.bits is not None else "of the set's largest value"
    largest = max(pixels.largest.values(), default=0)
    return f"scaled by {pixels.bits} bits {by}; values up to {largest:,}"


def _beyond_the_range(card: Card, pixels: Pixels) -> list[Finding]:
    """Return warnings where the card's `bits` do not fit the values."""
    if card.bits is None or not pixels.largest:
        return []
    above = sum(bits_of(value) > card.bits for value in pixels.largest.values())
    if above:
        sentence = (
            f"{plural(above, 'image')} with values that need more than the card's {card.bits} bits"
        )
        return [warning("values-above-range", f"{sentence}; such pixels are white")]
    needed = bits_of(max(pixels.largest.values()))
    if needed > card.bits - _GAP_BITS:
        return []
    sentence = f"all values fit {needed} of the card's {card.bits} bits: images are almost black"
    return [warning("range-too-wide", sentence)]


def _missing_windows(card: Card, pixels: Pixels) -> list[Finding]:
    """Return a warning where only some DICOM files say which values to show."""
    rows = [row for row, kind in enumerate(pixels.kinds_N) if kind.startswith("DICOM I;16")]
    num_without = sum(row in pixels.largest for row in rows)
    if card.window is not None or num_without in {0, len(rows)}:
        return []
    sentence = (
        f"{plural(num_without, 'DICOM file')} of {len(rows):,} without a window, which are scaled "
        "by the range of the set: brightness may differ from the others; state one for all in the "
        "card: window = [low, high]"
    )
    return [warning("missing-windows", sentence)]


def _mixture(pixels: Pixels) -> str | None:
    """Return which depths are mixed; None where there is one."""
    num_flat = sum(map(_is_flat, pixels.kinds_N))
    num_deep = sum(map(_is_deep, pixels.kinds_N))
    if num_flat:
        return f"{plural(num_flat, 'image')} of 8 bits and {num_deep:,} deeper ones"
    needed = Counter(map(bits_of, pixels.largest.values()))
    if not needed:
        return None
    for low, high in pairwise(sorted({*needed, pixels.bits or BYTE_BITS})):
        num_low = sum(count for bits, count in needed.items() if bits <= low)
        if high - low >= _GAP_BITS and num_low >= _LOW_SHARE * num_deep:
            rest = (
                f"{num_deep - num_low:,} need" if num_deep > num_low else "others of the set need"
            )
            return f"{plural(num_low, 'image')} of at most {low} bits, while {rest} {high} or more"
    return None
