"""Channels and size of a card, from some of the images."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medtui.datasets.decoding.image import decode_file
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.decoding.settings import DecodeSettings

_LOOKED_AT = 40
"""Images that are decoded."""
_SIDE = 64
"""Side at which their channels are compared."""
_SETTINGS = DecodeSettings(_SIDE, 3)
"""Settings under which they are decoded."""
_SIZES = (28, 32, 64, 96, 128, 224)
"""Candidate sides: the largest that does not exceed the median image is used, at most 64."""
_EQUAL = 2
"""Difference of channels that rounding of JPEG's colours leaves on grey."""


@dataclass(frozen=True)
class PixelFacts:
    """What the pixels of some images say."""

    channels: int
    """1 where all of them are grey, however they are stored."""
    size: int
    """Side of the stored images."""
    evidence: str
    """Sentence with counts."""
    is_dicom: bool = False
    """Whether all of them are DICOM files, whose headers have more facts."""


def look_at_pixels(folder: Path, files: Sequence[str]) -> PixelFacts:
    """Return channels and size according to the pixels of some images."""
    step = max(1, len(files) // _LOOKED_AT)
    kinds: Counter[str] = Counter()
    sides, num_grey = list[int](), 0
    for name in files[::step][:_LOOKED_AT]:
        try:
            decoded = decode_file(folder / name, _SETTINGS)
        except BadImageError:
            continue
        kind, _, shape = decoded.kind.rpartition(" ")
        kinds[kind] += 1
        sides.append(min(int(side) for side in shape.split("x")))
        pixels_HWC = decoded.pixels_HWC.astype(np.int16)
        num_grey += int(np.ptp(pixels_HWC, axis=2).max()) <= _EQUAL
    typical = sorted(sides)[len(sides) // 2] if sides else _SIDE
    size = max((each for each in _SIZES if each <= min(typical, _SIDE)), default=_SIZES[0])
    stored = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    evidence = f"{num_grey} of {len(sides)} images looked at are grey ({stored or 'none readable'})"
    channels = 1 if sides and num_grey == len(sides) else 3
    is_dicom = bool(kinds) and all(kind.startswith("DICOM") for kind in kinds)
    return PixelFacts(channels, size, evidence, is_dicom)
