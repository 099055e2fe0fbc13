"""Pixels: depths of 12 and 16 bits, inverted films, pictures of phones, one name for two images."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.datasets.cases.case import Case, Picture, picture
from tests.datasets.cases.drawn_tables import CARD

SIDE = 32
FOLDERS = CARD.format(format="folders").replace("size = 16", f"size = {SIDE}")
Grey = NDArray[np.float64]


@dataclass(frozen=True)
class PixelCase:
    """A case, and the right grey of each image."""

    case: Case
    grey: dict[str, Grey]
    """File to its pixels scaled to 0..1, (32, 32)."""
    tolerance: float = 1.0 / 255
    """Largest difference that rounding and compression explain."""


Save = Callable[[Path, Grey, int], None]


def _drawn(
    root: Path, save: Save, suffix: str, classes: tuple[str, str], count: int = 12
) -> PixelCase:
    """Draw films with a bright spot in the second class, each by `save`."""
    pictures: dict[str, Picture] = {}
    grey: dict[str, Grey] = {}
    for at in range(2 * count):
        label = classes[at % 2]
        name = f"{label}/{at:03d}{suffix}"
        rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
        film = 0.1 + 0.3 * (rows + columns * (at % 5) / 5)
        film[8:14, 8 + at % 7 : 14 + at % 7] += 0.2 * (at % 2)
        pictures[name], grey[name] = picture(label), film
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        save(root / name, film, at)
    return PixelCase(Case(root, pictures, card=FOLDERS), grey)


def twelve_bits_in_sixteen(root: Path) -> PixelCase:
    """12-bit films in 16-bit PNG keep their levels: white is 4095, not 65535."""

    def save(path: Path, film: Grey, _: int) -> None:
        Image.fromarray((film * 4095).astype(np.uint16)).save(path)

    drawn = _drawn(root, save, ".png", ("nodule", "normal"))
    case = replace(drawn.case, card=FOLDERS + "bits = 12\n")
    return replace(drawn, case=case)


def inverted_tiff(root: Path) -> PixelCase:
    """Every second 16-bit TIFF is stored with white as zero, as exports of MONOCHROME1 are."""

    def save(path: Path, film: Grey, at: int) -> None:
        is_inverted = at % 4 > 1
        deep = ((1 - film if is_inverted else film) * 65535).astype(np.uint16)
        Image.fromarray(deep).save(path, tiffinfo={262: 0 if is_inverted else 1})

    return _drawn(root, save, ".tif", ("mass", "normal"))


def pictures_of_phones(root: Path) -> PixelCase:
    """A preview behind the picture (MPO), and 9 kB behind the end marker, are passed over."""

    def save(path: Path, film: Grey, at: int) -> None:
        image = Image.fromarray((film * 255).round().astype(np.uint8))
        if at % 3 == 0:
            preview = image.resize((8, 8))
            image.save(path, "MPO", save_all=True, append_images=[preview], quality=98)
            return
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=98)
        path.write_bytes(buffer.getvalue() + (bytes(9000) if at % 3 == 1 else b""))

    return replace(_drawn(root, save, ".jpg", ("healthy", "ulcer")), tolerance=4.0 / 255)


def mixed_depths(root: Path) -> PixelCase:
    """One site writes 8 bits, the other 12 in 16: a network would learn the site."""

    def save(path: Path, film: Grey, at: int) -> None:
        pixels = (film * 4095).astype(np.uint16) if at % 2 else (film * 255).astype(np.uint8)
        Image.fromarray(pixels).save(path)

    drawn = _drawn(root, save, ".png", ("a", "b"))
    return replace(drawn, case=replace(drawn.case, errors=frozenset({"mixed-bit-depths"})))


CASES = (twelve_bits_in_sixteen, inverted_tiff, pictures_of_phones, mixed_depths)
