"""A finished multi-label study of tiny films, and other sites to evaluate it on."""

from pathlib import Path

import numpy as np
import torch

from medtui.datasets.dataset import open_dataset, save_split
from medtui.engine.training.network import build_network
from medtui.preset import parse_preset
from medtui.runs.folder import StudyFolder
from tests.helpers.exportable_study import finish

SIDE = 16
CLASSES = ("Edema", "Mass", "No Finding")

CARD = """
schema = 1
name = "{name}"
format = "medmnist"
file = "{name}.npz"
task = "multi"
classes = ["Edema", "Mass", "No Finding"]
none_class = "No Finding"
split = "official"
"""

PRESET = """
schema = 2
name = "films"
[data]
card = "{card}"
split = "official"
[model]
architecture = "shufflenet_v2_x0_5"
[compress]
schemes = ["Prune"]
densities = [0.5]
seeds = [0]
control = true
[evaluate]
bootstrap = 10
[machine]
device = "cpu"
reference_threads = 1
"""


def draw_films(rng: np.random.Generator, count: int, prefix: str) -> dict[str, np.ndarray]:
    """Return images, labels and patients: a bright corner for each of two findings."""
    labels = (rng.random((count, 2)) < 0.4).astype(np.uint8)
    images = rng.integers(0, 120, (count, SIDE, SIDE), np.uint8)
    images[labels[:, 0] == 1, : SIDE // 2, : SIDE // 2] += 100
    images[labels[:, 1] == 1, SIDE // 2 :, SIDE // 2 :] += 100
    none = (labels.sum(axis=1, keepdims=True) == 0).astype(np.uint8)
    patients = np.array([f"{prefix}{number // 3}" for number in range(count)])
    return {"images": images, "labels": np.hstack([labels, none]), "patients": patients}


def write_site(folder: Path, name: str, parts: dict[str, dict[str, np.ndarray]]) -> Path:
    """Write an npz file of splits and its card; return the card."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{split}_{kind}": each for split, part in parts.items() for kind, each in part.items()
    }
    np.savez(folder / f"{name}.npz", **arrays)
    card = folder / f"{name}.toml"
    card.write_text(CARD.format(name=name))
    return card


def taken(part: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return some images of a split, those named twice twice."""
    return {kind: each[rows] for kind, each in part.items()}


def write_film_study(
    folder: Path,
    more: str = "",
    names: tuple[str, ...] = ("reference", "control", "prune-0.5"),
    *,
    evaluate: str = "",
) -> tuple[StudyFolder, dict[str, dict[str, np.ndarray]]]:
    """Write a study of untrained networks, finished by the worker's last step; return its data.

    `more` is added to the preset, and `evaluate` to its section of this name.
    """
    rng = np.random.default_rng(0)
    parts = {
        split: draw_films(rng, count, split)
        for split, count in (("train", 60), ("val", 60), ("test", 60))
    }
    card = write_site(folder / "home", "home", parts)
    study = StudyFolder(folder / "runs" / "films")
    text = PRESET.format(card=card).replace("bootstrap = 10", f"bootstrap = 10\n{evaluate}") + more
    dataset = open_dataset(parse_preset(text, "films").data)
    for seed, name in enumerate(names):
        run = study.run(name)
        run.path.mkdir(parents=True)
        run.preset.write_text(text)
        network = build_network("shufflenet_v2_x0_5", channels=1, num_classes=3, seed=seed)
        torch.nn.init.normal_(network.fc.weight, std=3.0)
        save_split(dataset, run.split)
        finish(run, network.eval(), dataset)
    study.preset.write_text(text)
    return study, parts


def write_single_part(folder: Path, name: str, part: dict[str, np.ndarray]) -> Path:
    """Write a site of one split, which its train and val splits repeat; return the card."""
    return write_site(folder / name, name, dict.fromkeys(("train", "val", "test"), part))
