"""Contact sheet: some images of each class on one page, as the network receives them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from medtui.datasets.index import ImageIndex
from medtui.datasets.pixel_stats import Pixels
from medtui.errors import EnvironmentProblem

COLUMNS = 12
"""Images per class."""
TILE = 72
"""Side of a drawn image in pixels."""
GAP, CAPTION = 4, 18
"""Pixels between images, and above each row."""

BACKGROUND, INK = (32, 32, 32), (230, 230, 230)


def draw_contact_sheet(index: ImageIndex, pixels: Pixels, path: Path) -> None:
    """Write a PNG file with one row of images per class.

    Raises:
        EnvironmentProblem: the file cannot be written.
    """
    width = GAP + COLUMNS * (TILE + GAP)
    height = GAP + len(index.classes) * (CAPTION + TILE + GAP)
    page = Image.new("RGB", (width, height), BACKGROUND)
    pen = ImageDraw.Draw(page)
    for number, name in enumerate(index.classes):
        top = GAP + number * (CAPTION + TILE + GAP)
        members = _members(index, pixels, number)
        caption = f"{name}: {len(members):,} images"
        pen.text((GAP, top), caption.encode("latin-1", "replace").decode("latin-1"), fill=INK)
        for column, position in enumerate(_spread(members)):
            tile = _tile(pixels.images_NHWC[position])
            page.paste(tile, (GAP + column * (TILE + GAP), top + CAPTION))
    try:
        page.save(path, format="PNG")
    except OSError as error:
        raise EnvironmentProblem(
            f"{path}: {error.strerror or error}. The contact sheet was not written.",
            hint="Choose another file with --sheet.",
        ) from error


def _members(index: ImageIndex, pixels: Pixels, number: int) -> list[int]:
    labels = index.labels
    belongs = labels == number if labels.ndim == 1 else labels[:, number] == 1
    return [each for each in np.flatnonzero(belongs).tolist() if each not in pixels.bad]


def _spread(members: list[int]) -> list[int]:
    """Return evenly spaced members; in order of names, that also spreads them over patients."""
    if len(members) <= COLUMNS:
        return members
    return [members[round(each)] for each in np.linspace(0, len(members) - 1, COLUMNS)]


def _tile(image_HWC: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(image_HWC[..., 0] if image_HWC.shape[-1] == 1 else image_HWC)
    return image.convert("RGB").resize((TILE, TILE), Image.Resampling.NEAREST)
