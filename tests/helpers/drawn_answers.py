"""Copies of the recorded studies whose runs answered as a test wants, written with numpy alone."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.paths import RECORDED


def copy_of(runs_dir: Path, name: str, *, study: str = "cells") -> Path:
    """Copy a recorded study under another name."""
    shutil.copytree(RECORDED / study, runs_dir / name)
    return runs_dir / name


def rewrite(run: Path, **arrays: Any) -> None:
    """Replace arrays of a run's predictions, of both splits, and forget which data they are of."""
    with np.load(run / "predictions.npz") as found:
        kept = {name: found[name] for name in found.files}
    for name, array in arrays.items():
        kept |= {f"{split}_{name}": np.asarray(array) for split in ("val", "test")}
    np.savez_compressed(run / "predictions.npz", **kept)
    (run / "provenance.json").unlink(missing_ok=True)


def answer(study: Path, answers: Mapping[str, np.ndarray], *, num_patients: int) -> None:
    """Let runs answer as given about images of which every other one has the second class."""
    count = len(next(iter(answers.values())))
    arrays = {
        "names": [f"{number:04d}.png" for number in range(count)],
        "patients": [f"patient {number // 2 % num_patients}" for number in range(count)],
        "labels": np.arange(count) % 2,
    }
    for run in study.iterdir():
        if run.is_dir() and run.name not in answers:
            shutil.rmtree(run)
    for name, answers_N in answers.items():
        logits_NK = 4.0 * np.eye(2, dtype=np.float32)[answers_N]
        rewrite(study / name, **arrays, logits=logits_NK)
        edit_result(study / name, num_images=count, num_patients=num_patients)


def keep_rows(run: Path, is_kept: np.ndarray) -> None:
    """Leave some images of test in a run's predictions."""
    with np.load(run / "predictions.npz") as found:
        arrays = {
            name: found[name][is_kept] if name.startswith("test_") else found[name]
            for name in found.files
        }
    np.savez_compressed(run / "predictions.npz", **arrays)


def edit_result(run: Path, **of_split: Any) -> None:
    """Replace what a run's result says of its splits."""
    path = run / "result.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    for split in ("val", "test"):
        result[split] |= of_split
    path.write_text(json.dumps(result), encoding="utf-8")
