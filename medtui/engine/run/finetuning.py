"""Fine-tuning after L-C, and the choice of what is kept once it is fine-tuned."""

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import safetensors.torch
from torch import nn

from medtui.engine.lc.compression import compress_fully
from medtui.engine.lc.recalibration import recalibrate_theta
from medtui.engine.pruning.filter_norms import zero_masks
from medtui.engine.pruning.structural_pruning import NUM_CHECKED
from medtui.engine.pruning.subnetwork import Subnetwork, computes_the_same, subnetwork_of
from medtui.engine.run.checkpoint import unprefixed
from medtui.engine.run.kept_predictions import KeptPredictions
from medtui.engine.run.session import Session
from medtui.engine.training.batches import EvaluationBatches
from medtui.engine.training.network import load_stored, state_of
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.events import Noted
from medtui.metrics import primary_metric
from medtui.runs.checkpoint_files import note_model, noted_model
from medtui.units import format_count

OF_BEST, OF_LAST = "finetune", "finetune-last"
"""Stages: fine-tuning of the best cycle's theta, and of the last one's."""


@dataclass(frozen=True)
class _Candidate:
    """A theta of L-C that is fine-tuned."""

    stage: str
    cycle: int
    theta: nn.Module


def finetune(session: Session, theta: nn.Module, stage: str = OF_BEST) -> nn.Module:
    """Return theta after fine-tuning with fixed zeros, in theta's types; theta itself if disabled.

    It is trained in float32 and converted back at the end. Where filters are empty, the network
    without them is trained, and written back.
    """
    plan = replace(TrainingPlan.of_finetuning(session.preset), stage=stage)
    if plan.epochs == 0:
        return theta
    if stage == OF_BEST:
        content = session.save_model(theta)
        note_model(session.folder.checkpoint, session.folder.model.name, content)
    masks = zero_masks(theta)
    tuned = deepcopy(theta).float()
    part = _part_of(session, tuned, stage)
    if part is None:
        tuned, _ = train(session, tuned, plan, masks)
    else:
        masks = {name: part.part(name, mask) for name, mask in masks.items()}
        trained, _ = train(session, part.network, plan, masks)
        part.write(trained, tuned)
    for name, parameter in theta.named_parameters():
        parameter.data = tuned.get_parameter(name).data.to(parameter.dtype)
    return theta


def _part_of(session: Session, whole: nn.Module, stage: str) -> Subnetwork | None:
    """Return the part of a network to train in its place; None where that is the whole one.

    A checkpoint of the whole network is continued with that.
    """
    is_structured = session.cell is not None and session.cell.scheme.is_structured
    if session.preset.guard.finetune_network == "whole" or not is_structured:
        return None
    images, _ = next(iter(EvaluationBatches(session.val.images, NUM_CHECKED)))
    try:
        part = subnetwork_of(whole, session.image_shape)
        is_same = part is not None and computes_the_same(whole, part, images)
    except Exception as error:  # noqa: BLE001 - the whole network can be trained in any case
        session.log.write(Noted(f"the shrunk network cannot be trained: {error}"))
        return None
    restored = session.restored
    if part is None or not is_same or (
        restored is not None
        and restored.state.stage == stage
        and not part.fits(unprefixed("model", restored.tensors))
    ):  # fmt: skip
        return None
    total = sum(parameter.numel() for parameter in whole.parameters())
    shares = f"{format_count(part.num_parameters)} of {format_count(total)} parameters"
    session.log.write(Noted(f"fine-tuning trains the network without empty filters: {shares}"))
    return part


def choose_finetuned(
    session: Session, *, reference: Callable[[], nn.Module], blank: Callable[[], nn.Module]
) -> tuple[nn.Module, int]:
    """Fine-tune the best and the last cycle's theta; return the better one by val, and its cycle.

    Each fine-tuned theta is held against the one before, so that fine-tuning cannot make it worse
    on val. The primary metric decides, then the loss. What a later session needs is in files
    beside the checkpoints: both thetas, and the first of them once it is fine-tuned.

    `reference` returns the dense model, `blank` a network into which weights are loaded.
    """
    resumed = session.restored.state.stage if session.restored else ""
    is_tuning = resumed in {OF_BEST, OF_LAST}
    candidates = list(_stored(session, blank)) if is_tuning else _compressed(session, reference())
    found: list[_Scored] = []
    for candidate in candidates:
        before = deepcopy(candidate.theta)
        tuned_file = _file(session, f"tuned-{candidate.stage}")
        if resumed == OF_LAST and candidate.stage == OF_BEST:
            tuned = _load(tuned_file, blank())
        else:
            tuned = finetune(session, candidate.theta, candidate.stage)
            recalibrate_theta(tuned, session, session.preset.guard.recalibrate_images)
            _store(session, tuned_file, tuned)
        found += [_score(session, each, candidate.cycle) for each in (tuned, before)]
    best = max(range(len(found)), key=lambda at: found[at].score)
    score, theta, cycle, session.kept = found[best]
    state = "before" if best % 2 else "after"
    metric = primary_metric(session.dataset.task)
    text = f"kept cycle {cycle}, {state} fine-tuning: val {metric.label} {metric.show(score[0])}"
    session.log.write(Noted(text))
    return theta, cycle


def _compressed(session: Session, w: nn.Module) -> list[_Candidate]:
    """Compress, and store what is fine-tuned."""
    theta, cycle, last = compress_fully(session, w)
    candidates = [_Candidate(OF_BEST, cycle, theta)]
    if last is not None:
        candidates.append(_Candidate(OF_LAST, session.preset.lc.cycles - 1, last))
    for each in candidates:
        _store(session, _file(session, each.stage), each.theta)
    return candidates


def _stored(session: Session, blank: Callable[[], nn.Module]) -> Iterator[_Candidate]:
    """Yield what an earlier session compressed."""
    best, last = session.log.history.best_of("compress"), session.preset.lc.cycles - 1
    cycle = best.cycle if best else 0
    yield _Candidate(OF_BEST, cycle, _load(_file(session, OF_BEST), blank()))
    if _file(session, OF_LAST).exists():
        yield _Candidate(OF_LAST, last, _load(_file(session, OF_LAST), blank()))


def _file(session: Session, name: str) -> Path:
    """Return a file in the folder of checkpoints, which is deleted with them."""
    return session.folder.checkpoint / f"{name}.safetensors"


def _store(session: Session, file: Path, network: nn.Module) -> None:
    """Write a model, and its digest for a session that reads it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = safetensors.torch.save(state_of(network))
    session.publish(file, content)
    note_model(file.parent, file.name, content, session.log.fence)


def _load(file: Path, network: nn.Module) -> nn.Module:
    hint = f"Delete {file.parent} and resume the study: the run starts again."
    load_stored(network, file, noted_model(file.parent, file.name), hint=hint)
    return network


class _Scored(NamedTuple):
    """A theta that could be kept."""

    score: tuple[float, float]
    """Primary metric on val and the negative loss: more is better."""
    theta: nn.Module
    cycle: int
    predictions: KeptPredictions


def _score(session: Session, theta: nn.Module, cycle: int) -> _Scored:
    """Evaluate a cycle's theta on val."""
    loss, metrics = session.evaluator(theta, session.criterion, session.val)
    value = primary_metric(session.dataset.task).of(metrics)
    score = (-math.inf, -math.inf)
    if value is not None and math.isfinite(loss):
        score = (value, -loss)
    return _Scored(score, theta, cycle, session.latest_predictions(theta))
