"""Measures one model on another data set: its own thresholds, preprocessing and loss weights."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

import medtui
from medtui.analysis.split_result import measure_split
from medtui.datasets.site import Site
from medtui.engine.precision import Precision
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import EvaluationBatches, Images
from medtui.engine.training.evaluation import evaluation_copy, predict
from medtui.engine.training.loss import make_criterion
from medtui.errors import MedtuiError
from medtui.preset import Preset
from medtui.preset.external import ExternalSite
from medtui.runs.claim import Fence, unfenced
from medtui.runs.external_record import (
    ExternalFolder,
    ExternalResult,
    TrainingOverlap,
    folder_of,
    pack_answers,
    read_answers,
    read_external,
    with_answers,
    write_external,
)
from medtui.runs.folder import RunFolder
from medtui.runs.ledger import Look, append_look
from medtui.runs.model_record import ModelRecord
from medtui.runs.predictions import RunPredictions, SplitPredictions
from medtui.runs.run_digests import predictions_of
from medtui.storage import FileDigest, UnreadableFile, digest_of, digest_of_file


@dataclass(frozen=True)
class MeasuredModel:
    """A run's model, and what its evaluation needs besides images."""

    run: RunFolder
    network: nn.Module
    record: ModelRecord
    preset: Preset
    predictions: RunPredictions
    """Of its own data set; the thresholds follow from val."""
    digest: FileDigest
    """Of its weights."""
    device: torch.device
    precision: Precision


def stored_result(model: MeasuredModel, digest: str) -> ExternalResult | None:
    """Return the result of these weights on a data set; None where there is none, or it is damaged.

    An evaluation that was interrupted has none, and is made again.
    """
    folder = folder_of(model.run, digest)
    try:
        result = read_external(folder)
        if result is None or result.digest != digest or result.model != model.digest:
            return None
        read_answers(model.run, result)
    except UnreadableFile:
        return None
    return result


def measure_site(
    model: MeasuredModel,
    site: Site,
    asked: ExternalSite,
    overlap: TrainingOverlap,
    *,
    is_planned: bool,
    command: Sequence[str],
    fence: Fence = unfenced,
) -> ExternalResult:
    """Answer a data set's images, measure the answers, and store both with the run.

    The look is written into the study's ledger, with the command that asked for it.

    Raises:
        DamagedFile: the ledger is broken.
        OSError: the run's folder cannot be written.
        OutOfMemory: a batch does not fit into memory.
    """
    began = time.monotonic()
    answers, loss = _answer(model, site)
    result = ExternalResult(
        study=model.run.study.name,
        run=model.run.name,
        site=asked.name,
        digest=site.digest,
        card=site.card.name,
        title=site.card.title,
        split=asked.split,
        task=model.record.task,
        positive_class=model.record.positive_class,
        thresholds=model.record.thresholds,
        threshold_rule=model.record.threshold_rule,
        class_map=site.labels.classes,
        absent_classes=site.labels.absent,
        left_out=site.labels.left_out,
        num_bad=site.num_bad,
        has_patients=site.has_patients,
        measured=measure_split(
            with_answers(model.predictions, answers),
            "test",
            _reference_answers(model, site),
            loss=loss,
            method=model.preset.evaluate.intervals,
            resamples=model.preset.evaluate.bootstrap,
            seed=model.preset.data.seed,
            has_patients=site.has_patients,
        ),
        overlap=overlap,
        interval_method=model.preset.evaluate.intervals,
        model=model.digest,
        predictions=digest_of(b""),
        findings=site.findings,
        is_planned=is_planned,
        seconds=time.monotonic() - began,
        written_at=time.time(),
        medtui=medtui.__version__,
    )
    folder = write_external(model.run, result, pack_answers(answers), fence)
    _log_look(model, result, folder, command)
    return result


def _log_look(
    model: MeasuredModel, result: ExternalResult, folder: ExternalFolder, command: Sequence[str]
) -> None:
    """Append to the study's ledger what was looked at."""
    run = model.run
    append_look(
        run.study,
        Look(
            verb="evaluate",
            command=list(command),
            run=run.name,
            split=result.split,
            site=result.site,
            inputs={f"{run.name}/{run.model.name}": model.digest.sha256, "data": result.digest},
            results={
                str(path.relative_to(run.study.path)): digest_of_file(path).sha256
                for path in (folder.predictions, folder.result)
            },
            outcome="evaluated",
        ),
    )


def _answer(model: MeasuredModel, site: Site) -> tuple[SplitPredictions, float]:
    """Return the answers to a site's images, and their loss with the run's own weights."""
    how, part = model.record.preprocessing, site.part
    images = Images(part, Normalisation(how.mean, how.std), model.device)
    criterion = make_criterion(
        model.record.task, model.record.class_weights, model.device,
        has_unknown=part.mask is not None,
    )  # fmt: skip
    network = evaluation_copy(model.network.to(model.device), model.device)
    batches = EvaluationBatches(images, model.preset.evaluate.batch_size)
    found = predict(network, batches, criterion, model.precision)
    answers = SplitPredictions(part.names, part.patients, found.labels, found.logits_NK, found.mask)
    return answers, found.loss


def _reference_answers(model: MeasuredModel, site: Site) -> RunPredictions | None:
    """Return the reference's answers to the same images; None for itself, or without any."""
    reference = model.run.reference
    if reference == model.run:
        return None
    try:
        result = read_external(folder_of(reference, site.digest))
        if result is None:
            return None
        return with_answers(predictions_of(reference), read_answers(reference, result))
    except MedtuiError:
        return None
