"""The content of a run's result, from its session and its evaluated model."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import torch
from torch import nn

from medtui.analysis.split_result import measure_split
from medtui.datasets.dataset import Dataset
from medtui.datasets.findings import accepted_in
from medtui.datasets.resolve import OTHER_UNIT
from medtui.engine.run.device import device_name
from medtui.engine.run.session import Session
from medtui.engine.training.evaluation import Predictions
from medtui.metrics.jackknife import effective_number
from medtui.protocol.model_size import Shrinkage, Size
from medtui.runs.log.stage_spans import stage_telemetry
from medtui.runs.narrowed_record import read_narrowed
from medtui.runs.population import limited_population
from medtui.runs.predictions import RunPredictions
from medtui.runs.result import Result, SplitResult


@dataclass(frozen=True)
class TrainedModel:
    """The model that a run produced, before its final evaluation."""

    model: nn.Module
    best_cycle: int
    num_cycles: int
    seconds: float


@dataclass(frozen=True)
class EvaluatedModel:
    """What was measured on the model that a run produced."""

    val: Predictions
    test: Predictions | None
    """None where test is sealed."""
    size: Size
    predictions: RunPredictions
    """Those of val and test, as they are stored."""
    reference: RunPredictions | None
    """The reference's; None for the reference itself, or if they cannot be read."""
    shrinkage: Shrinkage | None
    """None where no structures are pruned, or their dependencies cannot be traced."""


def describe_run(session: Session, outcome: TrainedModel, evaluated: EvaluatedModel) -> Result:
    """Return the result of a run, without the digests of its files."""
    cell, preset, dataset = session.cell, session.preset, session.dataset
    collapse = collapse_warnings(dataset.classes, evaluated.size, evaluated.val)
    result = Result(
        run=session.folder.name,
        study=session.folder.study.name,
        scheme=cell.scheme.name if cell else "reference",
        density=cell.density if cell else None,
        seed=session.seed,
        guard=preset.compress.guard if session.is_compression else "off",
        mode="fast" if session.is_fast else "exact",
        best_cycle=outcome.best_cycle,
        is_last_kept=not session.is_compression and preset.reference.keep == "last",
        num_cycles=outcome.num_cycles,
        val=_split_result(session, "val", evaluated.val.loss, evaluated),
        test=_split_result(session, "test", evaluated.test.loss, evaluated)
        if evaluated.test is not None
        else sealed_split(dataset),
        seal="sealed" if evaluated.test is None else "none",
        size=evaluated.size,
        seconds=outcome.seconds,
        device=str(session.device),
        device_name=device_name(session.device),
        has_patients=dataset.has_patients,
        are_logits_constant=evaluated.val.are_constant,
        warnings=[*session.warnings, *collapse],
        peak_memory_bytes=_peak_memory(session.device),
        vitals=stage_telemetry(session.folder),
        shrinkage=evaluated.shrinkage,
        overhead=session.overhead,
        is_direct=cell is not None and cell.scheme.direct,
        generation=session.log.generation,
        finetune_epochs=_finetune_epochs(session),
        narrowing=narrowed.narrowing if (narrowed := read_narrowed(session.folder)) else None,
    )
    return _with_data(session, result, evaluated)


def _with_data(session: Session, result: Result, evaluated: EvaluatedModel) -> Result:
    """Return the result with what holds for the data set, and how its answers were decided."""
    dataset, predictions = session.dataset, evaluated.predictions
    num_images = (len(dataset.val), len(dataset.test))
    accepted = accepted_in(dataset.findings, session.preset.data.accept)
    units = [each.sentence for each in dataset.findings if each.name == OTHER_UNIT]
    return msgspec.structs.replace(
        result,
        image_shape=session.image_shape,
        warnings=[*result.warnings, *units],
        task=dataset.task,
        positive_class=dataset.positive_class,
        population=limited_population(session.preset.data.limit, num_images),
        accepted={each.name: each.sentence for each in accepted},
        class_weight_rule=dataset.card.class_weights,
        class_weights=dict(zip(dataset.classes, dataset.class_weights, strict=True)),
        interval_method=session.preset.evaluate.intervals,
        thresholds=predictions.thresholds,
        threshold_rule=predictions.threshold_rule,
        none_class=predictions.none_class.name if predictions.none_class else None,
    )


def _split_result(
    session: Session, split: str, loss: float, evaluated: EvaluatedModel
) -> SplitResult:
    return measure_split(
        evaluated.predictions,
        split,
        evaluated.reference,
        loss=loss,
        method=session.preset.evaluate.intervals,
        resamples=session.preset.evaluate.bootstrap,
        seed=session.preset.data.seed,
        has_patients=session.dataset.has_patients,
    )


def sealed_split(dataset: Dataset) -> SplitResult:
    """Return the result on a sealed test: its classes and its size, which the data alone tell."""
    patients = dataset.test.patients
    return SplitResult(
        metrics={},
        per_class={name: {} for name in dataset.classes},
        num_images=len(patients),
        num_patients=len(set(patients)) if dataset.has_patients else 0,
        num_effective=effective_number(patients),
    )


def collapse_warnings(classes: Sequence[str], size: Size, val: Predictions) -> list[str]:
    """Return a warning if logits are constant; accuracy is then the share of one class."""
    if not val.are_constant:
        constant = [name for name, is_so in zip(classes, val.are_constant_K, strict=True) if is_so]
        warning = (
            f"the outputs of {len(constant)} of {len(classes)} classes are the same for every "
            f"image, so these classes cannot be told apart: {', '.join(constant)}"
        )
        return [warning] if constant else []
    names = ", ".join(size.dead_layers) or "none, but no input reaches the output"
    return [f"collapsed: the logits are the same for every image; collapsed layers: {names}"]


def _finetune_epochs(session: Session) -> int | None:
    if not session.is_compression:
        return None
    is_guarded = session.preset.compress.guard == "on"
    return (session.preset.guard.finetune_epochs or 0) if is_guarded else 0


def _peak_memory(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
