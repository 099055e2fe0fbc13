"""A finished model's last measurements and the files that hold them; `result.json` comes last."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from medtui.datasets import Part
from medtui.engine.evaluation import Predictions, evaluation_copy, predict
from medtui.engine.machine import device_name
from medtui.engine.session import Session
from medtui.engine.size import measure_size
from medtui.metrics import (
    bootstrap_intervals,
    choose_thresholds,
    make_scores,
    measure,
    measure_classes,
)
from medtui.runs.publish import publish_bytes
from medtui.runs.result import Result, Size, SplitResult, write_result


@dataclass(frozen=True)
class Outcome:
    """What a run came to, before it is measured."""

    model: nn.Module
    best_cycle: int
    num_cycles: int
    seconds: float


def conclude(session: Session, outcome: Outcome) -> Result:
    """Measure the model on val and test, write weights, predictions and, last, the result."""
    model = evaluation_copy(outcome.model, session.device)
    val = predict(model, session.val, session.criterion)
    test = predict(model, session.test, session.criterion)
    thresholds = _thresholds(session, val)
    size = measure_size(outcome.model, channels=session.dataset.channels, side=session.dataset.size)
    result = Result(
        run=session.folder.name,
        study=session.folder.study.name,
        scheme=session.cell.scheme.name if session.cell else "reference",
        density=session.cell.density if session.cell else None,
        seed=session.seed,
        guard=session.preset.compress.guard if session.cell else "off",
        best_cycle=outcome.best_cycle,
        num_cycles=outcome.num_cycles,
        val=_split_result(session, val, session.dataset.val, thresholds),
        test=_split_result(session, test, session.dataset.test, thresholds),
        size=size,
        seconds=outcome.seconds,
        device=str(session.device),
        device_name=device_name(session.device),
        has_patients=session.dataset.has_patients,
        thresholds=thresholds,
        are_logits_constant=val.are_constant,
        warnings=[*session.warnings, *_collapse(size, val)],
        peak_memory_bytes=_peak_memory(session.device),
    )
    session.save_model(outcome.model)
    publish_bytes(session.folder.predictions, _archive(session, val, test))
    write_result(session.folder, result)
    return result


def _thresholds(session: Session, val: Predictions) -> list[float]:
    if session.dataset.task == "single":
        return []
    return choose_thresholds(make_scores(val.logits_NK, val.labels, "multi"))


def _split_result(
    session: Session, predictions: Predictions, part: Part, thresholds: list[float]
) -> SplitResult:
    scores = make_scores(
        predictions.logits_NK, predictions.labels, session.dataset.task, thresholds
    )
    intervals = bootstrap_intervals(
        scores,
        part.patients,
        resamples=session.preset.evaluate.bootstrap,
        seed=session.preset.data.seed,
    )
    return SplitResult(
        metrics={"loss": predictions.loss, **measure(scores)},
        intervals=intervals,
        per_class=measure_classes(scores, session.dataset.classes),
        num_images=len(part.names),
        num_patients=len(set(part.patients)) if session.dataset.has_patients else 0,
    )


def _collapse(size: Size, val: Predictions) -> list[str]:
    """Call a collapse by its name: its accuracy alone says nothing."""
    if not val.are_constant:
        return []
    dead = ", ".join(size.dead_layers) or "none is empty, but no signal crosses the network"
    return [f"collapsed: the answer is the same for every image; dead layers: {dead}"]


def _archive(session: Session, val: Predictions, test: Predictions) -> bytes:
    """Give `predictions.npz`: names, patients, labels and logits of val and test."""
    arrays: dict[str, Any] = {}
    for split, part, predictions in (
        ("val", session.dataset.val, val),
        ("test", session.dataset.test, test),
    ):
        arrays[f"{split}_names"] = np.array(part.names)
        arrays[f"{split}_patients"] = np.array(part.patients)
        arrays[f"{split}_labels"] = predictions.labels
        arrays[f"{split}_logits"] = predictions.logits_NK
    buffer = io.BytesIO()
    np.savez_compressed(buffer, classes=np.array(session.dataset.classes), **arrays)
    return buffer.getvalue()


def _peak_memory(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
