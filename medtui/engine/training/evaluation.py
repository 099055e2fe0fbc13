"""Measures a model: its logits, loss and metrics, with BatchNorm statistics of its own."""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from medtui.engine.lc.state import Criterion, Statistics
from medtui.engine.precision import EXACT, Arithmetic
from medtui.engine.run.out_of_memory import Batch, within_memory
from medtui.engine.training.augmentation import normalise
from medtui.engine.training.batches import EvaluationBatches, Images
from medtui.metrics.measurement import measure
from medtui.metrics.scores import Scores, choose_thresholds, make_scores
from medtui.metrics.task import Task

CONSTANT_LOGITS = 1e-5
"""Range over images, relative to magnitude, within which a class's logit counts as constant."""

_RECALIBRATION_BATCH = 256


@dataclass(frozen=True)
class Predictions:
    """What a model answers for one part of the data."""

    logits_NK: npt.NDArray[np.float32]
    labels: npt.NDArray[np.integer]
    """(N,) class numbers, or (N, K) zeros and ones."""
    loss: float

    @property
    def are_constant(self) -> bool:
        """Whether the logits do not vary over images: no input reaches the output."""
        spread = np.ptp(self.logits_NK, axis=0)
        magnitude = np.abs(self.logits_NK).max(axis=0)
        return bool((spread <= CONSTANT_LOGITS * np.maximum(1, magnitude)).all())

    @property
    def are_finite(self) -> bool:
        """Whether every logit is a number: in half precision they can overflow."""
        return bool(np.isfinite(self.logits_NK).all())


def evaluation_copy(model: nn.Module, device: torch.device) -> nn.Module:
    """Return the model to evaluate: itself on a GPU, upcast to float32 on a CPU.

    Upcasting float16 weights rounds nothing, and half-precision convolution on a CPU is 5 to 10
    times slower.
    """
    is_half = any(parameter.dtype is torch.float16 for parameter in model.parameters())
    return deepcopy(model).float() if is_half and device.type == "cpu" else model


@torch.inference_mode()
def predict(
    model: nn.Module,
    batches: EvaluationBatches,
    criterion: Criterion,
    arithmetic: Arithmetic = EXACT,
) -> Predictions:
    """Return logits and mean loss over all images of `batches`, in evaluation mode.

    Raises:
        OutOfMemory: a batch does not fit.
    """
    model.eval()
    dtype = next(model.parameters()).dtype

    def answer(inputs: Tensor) -> Tensor:
        return arithmetic.logits(model, inputs.to(dtype))

    def answer_first(size: int) -> Tensor:
        return answer(next(iter(EvaluationBatches(batches.images, size)))[0])

    logits_NK = within_memory(
        lambda: torch.cat([answer(inputs) for inputs, _ in batches]),
        Batch("evaluate.batch_size", batches.batch_size, answer_first),
    )
    labels = batches.images.labels
    return Predictions(
        logits_NK.cpu().numpy(),
        labels.cpu().numpy().astype(np.int64),
        float(criterion(logits_NK, labels)),
    )


@torch.no_grad()
def recalibrate(model: nn.Module, images: Images, num_images: int) -> None:
    """Measure BatchNorm's running statistics anew on unaugmented train images.

    A compressed model evaluated with the dense one's statistics can lose 40 points of accuracy.
    Source: Li et al. 2020 (EagleEye), arXiv 2007.02491.
    """
    norms = [each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001 - torch's common base class
    if not norms or num_images == 0:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for a cumulative average
    was_training = model.training
    model.train()
    dtype = next(model.parameters()).dtype
    for inputs in _spread(images, num_images):
        model(inputs.to(dtype))
    model.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _spread(images: Images, num_images: int) -> Iterator[Tensor]:
    """Yield batches of images evenly spread over the part: neighbours share patient and class."""
    count = min(num_images, len(images))
    num_batches = max(1, count // _RECALIBRATION_BATCH)
    rows = torch.linspace(0, len(images) - 1, count, device=images.labels.device).long()
    for first in range(num_batches):
        yield normalise(images.pixels_NCHW[rows[first::num_batches]], images.by)


class Evaluator:
    """Condensa's statistics function: loss and metrics of a model on a loader.

    In multi-label tasks a class's decision threshold is chosen on val; test and train are judged
    by the thresholds of the latest val pass, which L-C makes before theirs.
    """

    def __init__(
        self,
        task: Task,
        device: torch.device,
        val: EvaluationBatches,
        arithmetic: Arithmetic = EXACT,
    ) -> None:
        self.task = task
        self.device = device
        self.thresholds: list[float] = []
        """Probability per class; empty in single-label tasks and before the first val pass."""
        self.is_constant = False
        """Whether the logits of the latest val pass did not vary over images."""
        self._val = val
        self.arithmetic = arithmetic

    def __call__(self, model: nn.Module, criterion: Criterion, batches: Any) -> Statistics:  # noqa: ANN401 - whatever loader Condensa was given
        """Return the loss and every metric of `model` on all images of `batches`."""
        predictions = predict(
            evaluation_copy(model, self.device), batches, criterion, self.arithmetic
        )
        if not predictions.are_finite:
            return math.nan, {"loss": None}
        if batches is self._val:
            self.is_constant = predictions.are_constant
            self.thresholds = self._choose(predictions)
        return predictions.loss, {"loss": predictions.loss} | measure(self.scores_of(predictions))

    def scores_of(self, predictions: Predictions) -> Scores:
        """Judge predictions by the thresholds of the latest val pass."""
        return make_scores(predictions.logits_NK, predictions.labels, self.task, self.thresholds)

    def _choose(self, val: Predictions) -> list[float]:
        if self.task == "single":
            return []
        return choose_thresholds(make_scores(val.logits_NK, val.labels, self.task))
