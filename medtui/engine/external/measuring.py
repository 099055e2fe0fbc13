"""Measures one model on another data set: its own thresholds, preprocessing and loss weights."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

import medtui
from medtui.analysis.split_result import measure_split
from medtui.datasets.site import Site
from medtui.engine.inference.networks import Compute
from medtui.engine.lc.state import Criterion
from medtui.engine.precision import Precision
from medtui.engine.training.augmentation import Normalisation
from medtui.engine.training.batches import EvaluationBatches, Images
from medtui.engine.training.evaluation import (
    Predictions,
    evaluation_copy,
    predict,
    predictions_of,
)
from medtui.engine.training.loss import make_criterion
from medtui.errors import MedtuiError
from medtui.preset import Preset
from medtui.preset.external import ExternalSite
from medtui.runs.external_look import log_look
from medtui.runs.external_record import (
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
from medtui.runs.model_choice import RUN
from medtui.runs.model_record import ModelRecord
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.runs.predictions import RunPredictions, SplitPredictions
from medtui.runs.result import SplitResult
from medtui.runs.run_digests import predictions_of as predictions_of_run
from medtui.storage import FileDigest, UnreadableFile, digest_of

Answer = Callable[[EvaluationBatches, Criterion], Predictions]
"""Maps images and a loss to logits, labels and the mean loss."""


@dataclass(frozen=True)
class MeasuredModel:
    """A model of a run, and what its evaluation needs besides images."""

    run: RunFolder
    answer: Answer
    record: ModelRecord
    preset: Preset
    predictions: RunPredictions
    """Of the run on its own data set; the thresholds follow from val."""
    digest: FileDigest
    """Of its weights, or its exported file."""
    device: torch.device
    """Where images and labels are."""
    name: str = RUN
    """`run`, `shrunk` or the name of an exported file."""


def answers_of_network(network: nn.Module, device: torch.device, precision: Precision) -> Answer:
    """Return what a network answers, as the final evaluation of its run does."""
    copy = evaluation_copy(network.to(device), device)
    return lambda batches, criterion: predict(copy, batches, criterion, precision)


def answers_of(compute: Compute) -> Answer:
    """Return what a shrunk model or an exported file answers."""

    def answer(batches: EvaluationBatches, criterion: Criterion) -> Predictions:
        logits_NK = torch.cat([compute(images_NCHW).logits_NK for images_NCHW, _ in batches])
        at = batches.images.labels.device
        return predictions_of(logits_NK.to(at), batches.images, criterion)

    return answer


def stored_result(model: MeasuredModel, digest: str) -> ExternalResult | None:
    """Return the result of these weights on a data set; None where there is none, or it is damaged.

    An evaluation that was interrupted has none, and is made again.
    """
    folder = folder_of(model.run, digest, model.name)
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

    Changed answers are those from the reference's; of another model of the run, those from its own.
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
        measured=_measure(model, site, answers, loss),
        overlap=overlap,
        interval_method=model.preset.evaluate.intervals,
        model=model.digest,
        predictions=digest_of(b""),
        findings=site.findings,
        is_planned=is_planned,
        seconds=time.monotonic() - began,
        written_at=time.time(),
        medtui=medtui.__version__,
        model_name=model.name,
    )
    write_external(model.run, result, pack_answers(answers), fence)
    log_look(model.run, result, command)
    return result


def _measure(
    model: MeasuredModel, site: Site, answers: SplitPredictions, loss: float
) -> SplitResult:
    """Return metrics of the answers to a site's images, by the settings of the run."""
    settings = model.preset.evaluate
    return measure_split(
        with_answers(model.predictions, answers),
        "test",
        _answers_before(model, site),
        loss=loss,
        method=settings.intervals,
        resamples=settings.bootstrap,
        seed=model.preset.data.seed,
        has_patients=site.has_patients,
    )


def _answer(model: MeasuredModel, site: Site) -> tuple[SplitPredictions, float]:
    """Return the answers to a site's images, and their loss with the run's own weights."""
    how, part = model.record.preprocessing, site.part
    images = Images(part, Normalisation(how.mean, how.std), model.device)
    criterion = make_criterion(
        model.record.task, model.record.class_weights, model.device,
        has_unknown=part.mask is not None,
    )  # fmt: skip
    found = model.answer(EvaluationBatches(images, model.preset.evaluate.batch_size), criterion)
    answers = SplitPredictions(part.names, part.patients, found.labels, found.logits_NK, found.mask)
    return answers, found.loss


def _answers_before(model: MeasuredModel, site: Site) -> RunPredictions | None:
    """Return the answers that a model's are compared with; None for the reference, or without any.

    They are the reference's, or of another model of the run those of the run itself.
    """
    before = model.run.reference if model.name == RUN else model.run
    if before == model.run and model.name == RUN:
        return None
    try:
        result = read_external(folder_of(before, site.digest))
        if result is None:
            return None
        return with_answers(predictions_of_run(before), read_answers(before, result))
    except MedtuiError:
        return None
