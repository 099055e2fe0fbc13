"""Draws the data set of the demo: blood cells of 165 invented patients, some with a parasite.

`python data/cells/draw.py` writes `cells.npz` beside this file, the same bytes each time. A
parasite is a ring with its chromatin dot, and most other cells have a grain of the same stain:
neither colour nor darkness gives the answer away. Some rings are seen edge on and look like a
grain, so that no network answers all cells. Patients have between 6 and 60 cells.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from drawn_cells import (
    Floats,
    Pixels,
    Slide,
    Split,
    draw_healthy_cell,
    photograph,
    prepare_slide,
    write_splits,
)

SEED = 20261129
CELLS_PER_PATIENT = (6, 60)
"""Fewest and most; between them the logarithm is uniform."""
SPLITS = {"train": Split(40, 20), "val": Split(40, 20), "test": Split(30, 15)}
INFECTED_SHARE = 0.72
"""Share of an infected patient's cells that have a parasite, which balances the classes."""
GRAIN_SHARE = 0.9
"""Share of the other cells that have a grain of stain."""
EDGE_ON_SHARE = 0.03
"""Mean share of a patient's parasites that are seen edge on; it is uniform up to twice that."""
GREY_LEVELS = 48
"""Fewer levels than a camera's keep the file small."""


def draw_patient(is_infected: bool, rng: np.random.Generator) -> Iterator[tuple[Pixels, bool]]:
    """Draw the cells of a patient, each with whether it has a parasite."""
    slide, edge_on_share = sharp_slide(rng), rng.uniform(0, 2 * EDGE_ON_SHARE)
    for _ in range(round(np.exp(rng.uniform(*np.log(CELLS_PER_PATIENT))))):
        is_parasitized = is_infected and rng.random() < INFECTED_SHARE
        is_ring = is_parasitized and rng.random() >= edge_on_share
        cell = draw_healthy_cell(slide, rng)
        if is_parasitized or rng.random() < GRAIN_SHARE:
            distance, angle = slide.radius * rng.uniform(0.1, 0.6), rng.uniform(0, 2 * np.pi)
            draw = ring if is_ring else grain
            cell.stain(draw(*cell.around(distance, angle), rng), slide.parasite_RGB)
        yield photograph(cell, slide, rng, GREY_LEVELS), is_parasitized


def sharp_slide(rng: np.random.Generator) -> Slide:
    """Draw one patient's slide, with less noise than the demo's."""
    slide = prepare_slide(rng)
    return replace(slide, blur=rng.uniform(1.2, 2.5), noise=rng.uniform(0.004, 0.014))


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


if __name__ == "__main__":
    write_splits(
        Path(__file__).with_name("cells.npz"), SPLITS, draw_patient, seed=SEED, patient="P{:03d}"
    )
