"""Two small data sets of drawn images with patients, and studies of today's version on them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from tests.helpers.paths import REPOSITORY

SIDE = 32
PATIENTS = {"train": 12, "val": 12, "test": 31}
"""Patients of each split; test has enough for every interval."""

CARD = """
schema = 1
name = "{name}"
title = "Drawn"
format = "table"
task = "{task}"
classes = [{classes}]
{positive}
channels = 1
size = 32
split = "official"
class_weights = "inverse"
[table]
file = ["labels.csv"]
name_column = "image"
{labels}
patient_column = "patient"
split_column = "split"
subgroups = [
  {{ name = "sex", column = "sex" }},
  {{ name = "age", column = "age", bins = [40, 60] }},
]
"""

PRESET = """
schema = 2
name = "{name}"
[data]
card = "{card}"
root = "{root}"
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 5
batch_size = 16
lr = 0.05
[compress]
schemes = [{schemes}]
densities = [0.9]
[lc]
cycles = 2
steps = 3
batch_size = 16
mu_init = 0.5
[guard]
recalibrate_images = 32
finetune_epochs = 1
[evaluate]
margin = 0.05
[machine]
device = "cpu"
threads = 1
reference_threads = 1
"""


def write_cells(folder: Path) -> Path:
    """Write a data set of two classes, and return its preset."""
    table = _draw(folder, seed=1)
    table["label"] = np.where(table["bright"], "sick", "well")
    return _write(
        folder, table, name="cells2", task="single", classes='"sick", "well"',
        positive='positive = "sick"', labels='label_column = "label"',
        schemes='"Prune", "PruneQuantize16"',
    )  # fmt: skip


def write_films(folder: Path) -> Path:
    """Write a data set of two findings and their absence, and return its preset.

    Some labels are unknown.
    """
    table = _draw(folder, seed=2)
    rng = np.random.default_rng(3)
    table["mass"] = table["bright"].astype(int)
    table["edema"] = (rng.random(len(table)) < 0.3).astype(int)
    table["clear"] = ((table["mass"] == 0) & (table["edema"] == 0)).astype(int)
    table.loc[table.index % 17 == 5, "edema"] = -1
    return _write(
        folder, table, name="films3", task="multi", classes='"mass", "edema", "clear"',
        positive='none_class = "clear"', labels='uncertain = "ignore"',
        schemes='"Prune", "FilterPrune"',
    )  # fmt: skip


def run_studies(folder: Path) -> Path:
    """Draw both data sets, carry their studies out, and return the folder of runs."""
    presets = [write_cells(folder / "cells"), write_films(folder / "films")]
    command = [sys.executable, "-m", "tests.helpers.study_in_one_process", str(folder / "runs")]
    done = subprocess.run(
        [*command, *map(str, presets)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "runs"


def _draw(folder: Path, *, seed: int) -> pd.DataFrame:
    """Draw images of brighter and darker patients, and return their table."""
    rng = np.random.default_rng(seed)
    images = folder / "images"
    images.mkdir(parents=True)
    rows = []
    for split, count in PATIENTS.items():
        for number in range(count):
            patient = f"{split}{number}"
            facts = {
                "patient": patient,
                "split": split,
                "sex": "FM"[number % 2],
                "age": 30 + number,
            }
            for image in range(int(rng.integers(2, 6))):
                bright = bool(rng.random() < 0.5)
                level = 100 + 50 * bright + rng.normal(0, 12)
                pixels = np.clip(rng.normal(level, 30, (SIDE, SIDE)), 0, 255).astype(np.uint8)
                name = f"{patient}_{image}.png"
                Image.fromarray(pixels).save(images / name)
                rows.append({"image": name, "bright": bright, **facts})
    return pd.DataFrame(rows)


def _write(folder: Path, table: pd.DataFrame, *, name: str, schemes: str, **card: str) -> Path:
    table.to_csv(folder / "labels.csv", index=False)
    (folder / "card.toml").write_text(CARD.format(name=name, **card), encoding="utf-8")
    preset = folder / f"{name}.toml"
    text = PRESET.format(name=name, card=folder / "card.toml", root=folder, schemes=schemes)
    preset.write_text(text, encoding="utf-8")
    return preset
