"""Draws the data set of the demo: blood cells of 120 invented patients, some with a parasite.

`python data/cells/draw.py` writes `cells.npz` beside this file, the same bytes each time. The cells
are those of `data/demo/draw.py`; what differs is what makes an answer hard. A parasite is a ring
with its chromatin dot, and most other cells have a grain of the same stain: neither colour nor
darkness gives the answer away. Patients have between 6 and 60 cells.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "demo"))

from draw import OVERSAMPLING, SIZE, Floats, Slide, outline, photograph, prepare_slide, soft, specks

SEED = 20261129
CELLS_PER_PATIENT = (6, 60)
"""Fewest and most; between them the logarithm is uniform."""
PATIENTS = {"train": (40, 20), "val": (10, 5), "test": (30, 15)}
"""Infected and healthy patients of each split."""
INFECTED_SHARE = 0.72
"""Share of an infected patient's cells that have a parasite, which balances the classes."""
GRAIN_SHARE = 0.9
"""Share of the other cells that have a grain of stain."""
GREY_LEVELS = 48
"""Fewer levels than a camera's keep the file small."""

Pixels = NDArray[np.uint8]


def prepare_patient(rng: np.random.Generator) -> Slide:
    """Draw one patient's slide, with less noise than the demo's."""
    slide = prepare_slide(rng)
    return replace(slide, blur=rng.uniform(1.2, 2.5), noise=rng.uniform(0.004, 0.014))


def draw_cell(slide: Slide, is_parasitized: bool, rng: np.random.Generator) -> Pixels:
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
    if is_parasitized or rng.random() < GRAIN_SHARE:
        draw = ring if is_parasitized else grain
        mask = draw(*_moved(slide, x, y, rng), rng)
        image += mask[..., None] * (slide.parasite_RGB - image)
    return photograph(image * rng.uniform(0.94, 1.05), slide, rng, GREY_LEVELS)


def ring(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Return the opacity of a young parasite around (0, 0): a ring with a chromatin dot on it."""
    opacity, radius = rng.uniform(0.55, 0.95), rng.uniform(0.15, 0.24)
    line = np.exp(-(((np.hypot(x, y) - radius) / 0.05) ** 2))
    turn = rng.uniform(0, 2 * np.pi)
    dot = np.hypot(x - radius * np.cos(turn), y - radius * np.sin(turn))
    return opacity * np.maximum(0.85 * line, np.exp(-((dot / 0.08) ** 2)))


def grain(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Return the opacity of a grain of stain around (0, 0): a filled ellipse."""
    opacity, length, turn = rng.uniform(0.55, 0.95), rng.uniform(0.11, 0.19), rng.uniform(0, np.pi)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    width = length * rng.uniform(0.7, 1)
    return opacity * np.exp(-(((along / length) ** 2 + (across / width) ** 2) ** 2))


def _moved(slide: Slide, x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return coordinates around a point within the cell."""
    distance, angle = slide.radius * rng.uniform(0.1, 0.6), rng.uniform(0, 2 * np.pi)
    return x - distance * np.cos(angle), y - distance * np.sin(angle)


def draw_split(
    infected: int, healthy: int, first: int, rng: np.random.Generator
) -> tuple[Pixels, Pixels, NDArray[np.str_]]:
    """Draw images, labels (1 = parasitized) and patients of one split."""
    images, labels, patients = [], [], []
    for number in range(infected + healthy):
        slide = prepare_patient(rng)
        for _ in range(round(np.exp(rng.uniform(*np.log(CELLS_PER_PATIENT))))):
            is_parasitized = number < infected and rng.random() < INFECTED_SHARE
            images.append(draw_cell(slide, is_parasitized, rng))
            labels.append([int(is_parasitized)])
            patients.append(f"P{first + number:03d}")
    order = rng.permutation(len(images))
    return np.stack(images)[order], np.array(labels, np.uint8)[order], np.array(patients)[order]


def main() -> None:
    """Write `cells.npz`."""
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
    np.savez_compressed(Path(__file__).with_name("cells.npz"), **arrays)


if __name__ == "__main__":
    main()
