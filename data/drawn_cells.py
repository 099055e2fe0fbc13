"""Drawing of stained blood cells and of whole splits, for the data sets that come with medtui.

Nobody's cells are drawn: every image is made of ellipses, rings and noise from one seed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIZE = 32
OVERSAMPLING = 4
"""Cells are drawn at four times the size and scaled down, as a microscope's optics would."""

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
"""(height, width, 3)."""

DrawPatient = Callable[[bool, np.random.Generator], Iterator[tuple[Pixels, bool]]]
"""Draws the cells of a patient, infected or healthy, each with whether it has a parasite."""


@dataclass(frozen=True)
class Split:
    """How many patients a split has."""

    infected: int
    healthy: int


def write_splits(
    path: Path, splits: Mapping[str, Split], draw_patient: DrawPatient, *, seed: int, patient: str
) -> None:
    """Write images, labels (1 = parasitized) and patients of all splits to an npz file.

    `patient` is the format of a patient's name; numbers go on from split to split.
    """
    rng, arrays, first = np.random.default_rng(seed), {}, 1
    for name, split in splits.items():
        cells, patients = [], []
        for number in range(split.infected + split.healthy):
            drawn = list(draw_patient(number < split.infected, rng))
            cells += drawn
            patients += [patient.format(first + number)] * len(drawn)
        order = rng.permutation(len(cells))
        arrays[f"{name}_images"] = np.stack([image for image, _ in cells])[order]
        arrays[f"{name}_labels"] = np.array([[label] for _, label in cells], np.uint8)[order]
        arrays[f"{name}_patients"] = np.array(patients)[order]
        first += split.infected + split.healthy
    np.savez_compressed(path, **arrays)


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


@dataclass
class Cell:
    """A cell in drawing, before it is photographed."""

    image: Floats
    """(side, side, 3), 0 to 1."""
    x: Floats
    """(side, side) coordinates, -1 to 1."""
    y: Floats

    def stain(self, mask: Floats, colour: Floats) -> None:
        """Add a structure with this opacity and colour."""
        self.image += mask[..., None] * (colour - self.image)

    def around(self, distance: float, angle: float) -> tuple[Floats, Floats]:
        """Return coordinates around a point at this distance and angle from the middle."""
        return self.x - distance * np.cos(angle), self.y - distance * np.sin(angle)


def draw_healthy_cell(slide: Slide, rng: np.random.Generator) -> Cell:
    """Draw a cell with the distractors that every cell may have."""
    side = SIZE * OVERSAMPLING
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    distance = outline(slide, x, y, rng)
    inside = soft(1 - distance, 0.05)
    paleness = slide.pallor * np.exp(-((distance / rng.uniform(0.4, 0.6)) ** 2))
    cell_RGB = slide.cell_RGB + paleness[..., None] * (slide.background_RGB - slide.cell_RGB)
    image = slide.background_RGB + inside[..., None] * (cell_RGB - slide.background_RGB)
    cell = Cell(image, x, y)
    for colour, mask in specks(slide, x, y, rng):
        cell.stain(mask, colour)
    return cell


def outline(slide: Slide, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Return the distance from the cell's centre in units of its radius: 1 on the membrane."""
    x, y = x - rng.normal(0, 0.05), y - rng.normal(0, 0.05)
    angle = np.arctan2(y, x)
    wobble = sum(
        rng.normal(0, 0.035) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
        for order in (2, 3, 4)
    )
    return np.hypot(x, y) / (slide.radius * rng.normal(1, 0.06) * (1 + wobble))


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


def photograph(cell: Cell, slide: Slide, rng: np.random.Generator, grey_levels: int) -> Pixels:
    """Return a picture of a cell: out of focus, scaled down, noisy, in a few grey levels."""
    image = cell.image * rng.uniform(0.94, 1.05)
    picture = Image.fromarray(to_bytes(image)).filter(ImageFilter.GaussianBlur(slide.blur))
    small = picture.resize((SIZE, SIZE), Image.Resampling.BOX)
    noisy = np.asarray(small) / 255 + rng.normal(0, slide.noise, (SIZE, SIZE, 1))
    levels = np.round(np.clip(noisy, 0, 1) * (grey_levels - 1))
    return to_bytes(levels / (grey_levels - 1))


def soft(distance: Floats, width: float) -> Floats:
    """Return 0 to 1 across an edge of this width."""
    return np.clip(distance / width + 0.5, 0, 1)


def to_bytes(image: Floats) -> Pixels:
    """Return an image in 0 to 1 as bytes."""
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
