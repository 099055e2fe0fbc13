"""Draws the demo data set: stained blood cells of invented patients, some with a parasite.

`python data/demo/draw.py` writes `demo.npz` beside this file, the same bytes each time.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from drawn_cells import (
    Cell,
    Floats,
    Pixels,
    Split,
    draw_healthy_cell,
    photograph,
    prepare_slide,
    write_splits,
)

SEED = 20200801
CELLS_PER_PATIENT = 50
SPLITS = {"train": Split(10, 5), "val": Split(2, 1), "test": Split(4, 2)}
INFECTED_SHARE = 0.72
"""Share of an infected patient's cells that have a parasite, which balances the classes."""
GREY_LEVELS = 64
"""Fewer levels than a camera's keep the file small."""


def draw_patient(is_infected: bool, rng: np.random.Generator) -> Iterator[tuple[Pixels, bool]]:
    """Draw the cells of a patient, each with whether it has a parasite."""
    slide = prepare_slide(rng)
    for _ in range(CELLS_PER_PATIENT):
        is_parasitized = is_infected and rng.random() < INFECTED_SHARE
        cell = draw_healthy_cell(slide, rng)
        if is_parasitized:
            cell.stain(_parasite(slide.radius, cell, rng), slide.parasite_RGB)
        yield photograph(cell, slide, rng, GREY_LEVELS), is_parasitized


def _parasite(radius: float, cell: Cell, rng: np.random.Generator) -> Floats:
    """Return the opacity of a ring with its chromatin dot, or of a compact older form."""
    x, y = cell.around(radius * rng.uniform(0.1, 0.65), rng.uniform(0, 2 * np.pi))
    opacity = rng.uniform(0.22, 0.85)
    if rng.random() < 0.65:  # noqa: PLR2004 - young rings are the commoner form
        radius = rng.uniform(0.10, 0.19)
        ring = np.exp(-(((np.hypot(x, y) - radius) / 0.045) ** 2))
        turn = rng.uniform(0, 2 * np.pi)
        dot = np.hypot(x - radius * np.cos(turn), y - radius * np.sin(turn))
        return opacity * np.maximum(0.8 * ring, np.exp(-((dot / 0.07) ** 2)))
    spread = rng.uniform(0.09, 0.17)
    return opacity * np.exp(-(((x / spread) ** 2 + (y / (spread * rng.uniform(0.6, 1))) ** 2) ** 2))


if __name__ == "__main__":
    write_splits(
        Path(__file__).with_name("demo.npz"), SPLITS, draw_patient, seed=SEED, patient="D{:02d}"
    )
