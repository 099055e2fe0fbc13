"""Draws the demo data set: stained blood cells of invented patients, some with a parasite.

`python data/demo/draw.py` writes `demo.npz` beside this file, the same bytes each time. Nobody's
cells are in it: every image is made of ellipses, rings and noise from one seed.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SEED = 20200801
SIZE = 32
OVERSAMPLING = 4
"""Cells are drawn at four times the size and scaled down, as a microscope's optics would."""
CELLS_PER_PATIENT = 50
PATIENTS = {"train": (10, 5), "val": (2, 1), "test": (4, 2)}
"""Infected and healthy patients of each split."""
GREY_LEVELS = 64
"""Fewer levels than a camera's keep the file small."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slide:
    """What all cells of a patient share: stain, light, focus."""

    background_RGB: Floats
    """Colour of the plasma, 0 to 1."""
    cell_RGB: Floats
    """Colour of a cell's rim."""
    parasite_RGB: Floats
    """Colour that Giemsa stain gives to chromatin here."""
    radius: float
    """Mean radius of a cell, in shares of half the image."""
    pallor: float
    """How much paler a cell's centre is."""
    blur: float
    """Standard deviation of the focus, in drawn pixels."""
    noise: float
    """Standard deviation of the camera's noise."""


def prepare_slide(rng: np.random.Generator) -> Slide:
    """Draw one patient's slide."""
    light = rng.uniform(0.80, 1.05)
    hue = rng.uniform(-0.06, 0.06)
    return Slide(
        background_RGB=np.array([0.93, 0.88 + hue / 2, 0.90 - hue]) * light,
        cell_RGB=np.array([0.80 + hue, 0.56 - hue, 0.66 + rng.uniform(-0.08, 0.06)]) * light,
        parasite_RGB=np.array([0.42, 0.20, 0.56 + hue]) * light + rng.uniform(-0.05, 0.05, 3),
        radius=rng.uniform(0.66, 0.84),
        pallor=rng.uniform(0.10, 0.45),
        blur=rng.uniform(1.2, 3.4),
        noise=rng.uniform(0.008, 0.022),
    )


def draw_cell(slide: Slide, is_parasitized: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one cell as (SIZE, SIZE, 3) uint8."""
    side = SIZE * OVERSAMPLING
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    distance = outline(slide, x, y, rng)
    inside = soft(1 - distance, 0.05)
    paleness = slide.pallor * np.exp(-((distance / rng.uniform(0.4, 0.6)) ** 2))
    cell = slide.cell_RGB + paleness[..., None] * (slide.background_RGB - slide.cell_RGB)
    image = slide.background_RGB + inside[..., None] * (cell - slide.background_RGB)
    for colour, mask in specks(slide, x, y, rng):
        image += mask[..., None] * (colour - image)
    if is_parasitized:
        mask = _parasite(slide, x, y, rng)
        image += mask[..., None] * (slide.parasite_RGB - image)
    return photograph(image * rng.uniform(0.94, 1.05), slide, rng)


def outline(slide: Slide, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Return the distance from the cell's centre in units of its radius: 1 on the membrane."""
    x, y = x - rng.normal(0, 0.05), y - rng.normal(0, 0.05)
    angle = np.arctan2(y, x)
    wobble = sum(
        rng.normal(0, 0.035) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
        for order in (2, 3, 4)
    )
    return np.hypot(x, y) / (slide.radius * rng.normal(1, 0.06) * (1 + wobble))


def _parasite(slide: Slide, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Return the opacity of a ring with its chromatin dot, or of a compact older form."""
    distance, angle = slide.radius * rng.uniform(0.1, 0.65), rng.uniform(0, 2 * np.pi)
    x, y = x - distance * np.cos(angle), y - distance * np.sin(angle)
    opacity = rng.uniform(0.22, 0.85)
    if rng.random() < 0.65:  # noqa: PLR2004 - young rings are the commoner form
        radius = rng.uniform(0.10, 0.19)
        ring = np.exp(-(((np.hypot(x, y) - radius) / 0.045) ** 2))
        turn = rng.uniform(0, 2 * np.pi)
        dot = np.hypot(x - radius * np.cos(turn), y - radius * np.sin(turn))
        return opacity * np.maximum(0.8 * ring, np.exp(-((dot / 0.07) ** 2)))
    spread = rng.uniform(0.09, 0.17)
    return opacity * np.exp(-(((x / spread) ** 2 + (y / (spread * rng.uniform(0.6, 1))) ** 2) ** 2))


def specks(
    slide: Slide, x: Floats, y: Floats, rng: np.random.Generator
) -> list[tuple[Floats, Floats]]:
    """Return distractors for the classifier: stain grains, platelets at the rim, folds."""
    found = []
    for _ in range(rng.poisson(1.1)):
        distance, angle = rng.uniform(0.1, 1.15), rng.uniform(0, 2 * np.pi)
        dx, dy = x - distance * np.cos(angle), y - distance * np.sin(angle)
        width = rng.uniform(0.035, 0.085)
        mix = rng.uniform(0.1, 0.75)
        colour = mix * slide.parasite_RGB + (1 - mix) * slide.cell_RGB
        found.append((colour, rng.uniform(0.25, 0.8) * np.exp(-(dx**2 + dy**2) / width**2)))
    if rng.random() < 0.2:  # noqa: PLR2004 - one cell in five has a crease
        angle = rng.uniform(0, np.pi)
        across = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.4, 0.4)
        crease = np.exp(-((across / 0.05) ** 2)) * (np.hypot(x, y) < slide.radius * 0.8)
        found.append((slide.cell_RGB * 0.8, rng.uniform(0.15, 0.45) * crease))
    return found


def photograph(
    image: Floats, slide: Slide, rng: np.random.Generator, grey_levels: int = GREY_LEVELS
) -> NDArray[np.uint8]:
    """Return a picture of an image: out of focus, scaled down, noisy, in a few grey levels."""
    picture = Image.fromarray(to_bytes(image)).filter(ImageFilter.GaussianBlur(slide.blur))
    small = picture.resize((SIZE, SIZE), Image.Resampling.BOX)
    noisy = np.asarray(small) / 255 + rng.normal(0, slide.noise, (SIZE, SIZE, 1))
    levels = np.round(np.clip(noisy, 0, 1) * (grey_levels - 1))
    return to_bytes(levels / (grey_levels - 1))


def soft(distance: Floats, width: float) -> Floats:
    """Return 0 to 1 across an edge of this width."""
    return np.clip(distance / width + 0.5, 0, 1)


def to_bytes(image: Floats) -> NDArray[np.uint8]:
    """Return an image in 0 to 1 as bytes."""
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


def draw_split(
    infected: int, healthy: int, first: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.str_]]:
    """Draw images, labels (1 = parasitized) and patients of one split."""
    images, labels, patients = [], [], []
    for number in range(infected + healthy):
        slide = prepare_slide(rng)
        for _ in range(CELLS_PER_PATIENT):
            is_parasitized = number < infected and rng.random() < 0.72  # noqa: PLR2004 - balances the classes
            images.append(draw_cell(slide, is_parasitized, rng))
            labels.append([int(is_parasitized)])
            patients.append(f"D{first + number:02d}")
    order = rng.permutation(len(images))
    return (
        np.stack(images)[order],
        np.array(labels, np.uint8)[order],
        np.array(patients)[order],
    )


def main() -> None:
    """Write `demo.npz`."""
    rng = np.random.default_rng(SEED)
    arrays, first = {}, 1
    for split, (infected, healthy) in PATIENTS.items():
        images, labels, patients = draw_split(infected, healthy, first, rng)
        arrays |= {
            f"{split}_images": images,
            f"{split}_labels": labels,
            f"{split}_patients": patients,
        }
        first += infected + healthy
    np.savez_compressed(Path(__file__).with_name("demo.npz"), **arrays)


if __name__ == "__main__":
    main()
