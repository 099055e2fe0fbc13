"""Copies of recorded runs whose predictions are changed, for tests of comparisons."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.predictions import SplitPredictions, pack_predictions, read_predictions
from tests.helpers.paths import RECORDED

Change = Callable[[SplitPredictions], SplitPredictions]
"""Returns other predictions of a split."""


def copy_recorded(runs_dir: Path, name: str, *, study: str = "cells") -> StudyFolder:
    """Copy a recorded study under another name."""
    shutil.copytree(RECORDED / study, runs_dir / name)
    return StudyFolder(runs_dir / name)


def alter_predictions(run: RunFolder, change: Change) -> None:
    """Replace a run's predictions of val and test, and forget which data they were made on."""
    found = read_predictions(run.predictions)
    splits = {split: change(stored) for split, stored in found.splits.items()}
    run.predictions.write_bytes(pack_predictions(replace(found, splits=splits)))
    run.provenance.unlink(missing_ok=True)


def alter_study(study: StudyFolder, change: Change) -> None:
    """Change the predictions of all runs of a study."""
    for run in study.runs():
        alter_predictions(run, change)


def forget_patients(stored: SplitPredictions) -> SplitPredictions:
    """Return predictions of which no patient is known."""
    return replace(stored, patients=list(stored.names))


def shift_labels(stored: SplitPredictions) -> SplitPredictions:
    """Return predictions whose labels belong to other images."""
    return replace(stored, labels=stored.labels[::-1].copy())
