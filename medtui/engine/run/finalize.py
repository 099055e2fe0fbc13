"""The final evaluation of a run, and its result files; `result.json` is written last."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import torch
from torch import nn

from medtui.analysis.prediction_changes import changes_csv
from medtui.analysis.split_result import measure_split
from medtui.datasets.findings import accepted_in
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.pruning.shrink_report import store_shrunk_model
from medtui.engine.run.device import device_name
from medtui.engine.run.session import Session
from medtui.engine.training.evaluation import Predictions, evaluation_copy, predict
from medtui.errors import EnvironmentProblem
from medtui.protocol.model_size import Size
from medtui.runs.narrowed_record import read_narrowed
from medtui.runs.population import limited_population
from medtui.runs.predictions import (
    RunPredictions,
    SplitPredictions,
    pack_predictions,
)
from medtui.runs.result import Result, SplitResult, read_former_result, write_result
from medtui.runs.run_digests import digest_files, predictions_of
from medtui.runs.stage_spans import stage_telemetry
from medtui.storage import UnreadableFile


@dataclass(frozen=True)
class TrainedModel:
    """The model that a run produced, before its final evaluation."""

    model: nn.Module
    best_cycle: int
    num_cycles: int
    seconds: float


def finalize(session: Session, outcome: TrainedModel) -> Result:
    """Evaluate the model on val and test; write weights, predictions and, last, the result."""
    model = evaluation_copy(outcome.model, session.device)
    kept = session.kept.matching(outcome.model)
    val, test = (
        kept[split]
        if split in kept
        else predict(model, split, session.criterion, session.result_precision)
        for split in (session.val, session.test)
    )
    size = measure_size(outcome.model, channels=session.dataset.channels, side=session.dataset.size)
    predictions = _to_store(session, val, test)
    reference = _reference_predictions(session)
    shrinkage = store_shrunk_model(session, outcome.model)
    result = Result(
        run=session.folder.name,
        study=session.folder.study.name,
        scheme=session.cell.scheme.name if session.cell else "reference",
        density=session.cell.density if session.cell else None,
        seed=session.seed,
        guard=session.preset.compress.guard if session.is_compression else "off",
        mode="fast" if session.is_fast else "exact",
        best_cycle=outcome.best_cycle,
        is_last_kept=not session.is_compression and session.preset.reference.keep == "last",
        num_cycles=outcome.num_cycles,
        val=_split_result(session, "val", val.loss, predictions, reference),
        test=_split_result(session, "test", test.loss, predictions, reference),
        size=size,
        seconds=outcome.seconds,
        device=str(session.device),
        device_name=device_name(session.device),
        has_patients=session.dataset.has_patients,
        thresholds=predictions.thresholds,
        threshold_rule=predictions.threshold_rule,
        none_class=predictions.none_class.name if predictions.none_class else None,
        class_weight_rule=session.dataset.card.class_weights,
        class_weights=dict(
            zip(session.dataset.classes, session.dataset.class_weights, strict=True)
        ),
        are_logits_constant=val.are_constant,
        warnings=[*session.warnings, *collapse_warnings(session.dataset.classes, size, val)],
        peak_memory_bytes=_peak_memory(session.device),
        vitals=stage_telemetry(session.folder),
        image_shape=session.image_shape,
        shrinkage=shrinkage,
        overhead=session.overhead,
        task=session.dataset.task,
        interval_method=session.preset.evaluate.intervals,
        accepted={
            each.name: each.sentence
            for each in accepted_in(session.dataset.findings, session.preset.data.accept)
        },
        positive_class=session.dataset.positive_class,
        population=limited_population(
            session.preset.data.limit, map(len, (val.labels, test.labels))
        ),
        is_direct=session.cell is not None and session.cell.scheme.direct,
        generation=session.log.generation,
        finetune_epochs=_finetune_epochs(session),
        narrowing=narrowed.narrowing if (narrowed := read_narrowed(session.folder)) else None,
    )
    session.save_model(outcome.model)
    _publish_predictions(session, predictions, reference)
    result = msgspec.structs.replace(result, files=digest_files(session.folder))
    result = _compare_with_former(session, result)
    write_result(session.folder, result, session.log.fence)
    session.folder.former_result.unlink(missing_ok=True)
    return result


def _compare_with_former(session: Session, result: Result) -> Result:
    """Return the result, with a warning where a lost model was not reproduced.

    Compressions that finished before were made from the lost model.
    """
    try:
        former = read_former_result(session.folder)
    except UnreadableFile as problem:
        return msgspec.structs.replace(result, warnings=[*result.warnings, problem.message])
    if former is None or _is_same_model(session, former, result):
        return result
    warning = (
        "The reference was trained again and differs from the one before: compressions that "
        "finished earlier were made from another model."
    )
    return msgspec.structs.replace(result, warnings=[*result.warnings, warning])


def _is_same_model(session: Session, former: Result, result: Result) -> bool:
    """Return whether two results are of one model; by the metrics if no digest was recorded."""
    expected = former.digest_of(session.folder.model)
    if expected is not None:
        return expected == result.digest_of(session.folder.model)
    splits = ((former.val, result.val), (former.test, result.test))
    return all(before.metrics == after.metrics for before, after in splits)


def _publish_predictions(
    session: Session, predictions: RunPredictions, reference: RunPredictions | None
) -> None:
    session.publish(session.folder.predictions, pack_predictions(predictions))
    if reference is not None:
        session.publish(session.folder.changed, changes_csv(reference, predictions).encode())


def _to_store(session: Session, val: Predictions, test: Predictions) -> RunPredictions:
    dataset = session.dataset
    return RunPredictions(
        dataset.classes,
        {
            split: SplitPredictions(
                part.names, part.patients, found.labels, found.logits_NK, found.mask
            )
            for split, part, found in (("val", dataset.val, val), ("test", dataset.test, test))
        },
        dataset.positive_class,
        session.preset.evaluate.thresholds,
        session.none_class,
    )


def _reference_predictions(session: Session) -> RunPredictions | None:
    """Return the reference's predictions; None for the reference itself, or if unreadable."""
    if session.cell is None:
        return None
    try:
        return predictions_of(session.folder.reference)
    except EnvironmentProblem as problem:
        session.warn(f"The run was not compared with the reference: {problem.message}")
        return None


def _split_result(
    session: Session,
    split: str,
    loss: float,
    predictions: RunPredictions,
    reference: RunPredictions | None,
) -> SplitResult:
    return measure_split(
        predictions,
        split,
        reference,
        loss=loss,
        method=session.preset.evaluate.intervals,
        resamples=session.preset.evaluate.bootstrap,
        seed=session.preset.data.seed,
        has_patients=session.dataset.has_patients,
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
