"""A study and data whose every text tries to steer the terminal that shows it."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from medtui.control_characters import escape_controls
from medtui.events import Noted, RunFailed, RunStarted, StageStarted
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.predictions import pack_predictions, read_predictions
from medtui.runs.result import SplitResult, read_result, write_result
from tests.helpers.paths import RECORDED

PAYLOAD = "\x1b]52;c;Y3VybA==\x1b\\\x1b]0;owned\x07\x9b31m\x7f\u202eend"
"""Sets the clipboard and the window's title, colours what follows, and reverses it."""

ESCAPED = escape_controls(PAYLOAD)

FAILED_RUN = "quantize16"


def controls_in(text: str) -> set[str]:
    """Return the control and bidirectional characters in a text, newline and tab aside."""
    return {letter for letter in text if (not letter.isprintable() and letter not in "\n\t\xa0")}


def write_hostile_study(runs_dir: Path) -> StudyFolder:
    """Write a study with the payload in its name, notes, runs, classes, images and events."""
    runs_dir.mkdir(parents=True, exist_ok=True)
    study = StudyFolder(runs_dir / f"cells{PAYLOAD}")
    shutil.copytree(RECORDED / "cells", study.path)
    preset = study.preset.read_text(encoding="utf-8")
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in PAYLOAD)
    study.preset.write_text(preset.replace('note = ""', f'note = "{escaped}"'), encoding="utf-8")
    study.note.write_text(f"note {PAYLOAD}\n", encoding="utf-8")
    for run in study.runs():
        _poison(run)
    shutil.move(study.run("prune-0.1").path, study.run(f"prune{PAYLOAD}").path)
    _record_failure(study.run(FAILED_RUN))
    return study


def write_hostile_images(folder: Path) -> Path:
    """Write class folders and images with the payload in their names; one image is damaged."""
    for number in range(24):
        path = folder / f"{'ring' if number % 2 else 'plain'}{PAYLOAD}" / f"{number}{PAYLOAD}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:-40])
    return folder


def _poison(run: RunFolder) -> None:
    predictions = read_predictions(run.path / "predictions.npz")
    classes = tuple(f"{name}{PAYLOAD}" for name in predictions.classes)
    splits = {
        name: replace(part, names=[f"{image}{PAYLOAD}" for image in part.names])
        for name, part in predictions.splits.items()
    }
    packed = pack_predictions(replace(predictions, classes=classes, splits=splits))
    (run.path / "predictions.npz").write_bytes(packed)
    result = read_result(run)
    assert result is not None
    scheme = result.scheme if run.is_reference else f"{result.scheme}{PAYLOAD}"
    write_result(
        run,
        msgspec.structs.replace(
            result,
            study=run.study.name,
            scheme=scheme,
            val=_poisoned(result.val),
            test=_poisoned(result.test),
            warnings=[PAYLOAD],
        ),
    )


def _poisoned(split: SplitResult) -> SplitResult:
    per_class = {f"{name}{PAYLOAD}": metrics for name, metrics in split.per_class.items()}
    return msgspec.structs.replace(split, per_class=per_class)


def _record_failure(run: RunFolder) -> None:
    shutil.copytree(run.study.reference.path, run.path)
    for left in (run.events, run.result):
        left.unlink()
    with EventWriter(run.events) as log:
        log.write(RunStarted(1, "box", "cpu", PAYLOAD))
        log.write(StageStarted("compress", 3, 20))
        log.write(Noted(f"noted {PAYLOAD}"))
        log.write(RunFailed(f"failed {PAYLOAD}", f"hint {PAYLOAD}"))
