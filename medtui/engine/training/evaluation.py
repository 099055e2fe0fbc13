"""Evaluation of a model: logits, loss and metrics, and recalibration of BatchNorm."""

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
from medtui.engine.precision import EXACT, Precision
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.run.out_of_memory import Batch, run_or_explain
from medtui.engine.training.augmentation import normalise
from medtui.engine.training.batches import EvaluationBatches, Images
from medtui.engine.training.cropped_view import view_for
from medtui.engine.training.device_metrics import device_scores, measure_on_device
from medtui.events import Metrics
from medtui.metrics.arrays import Mask
from medtui.metrics.measurement import measure
from medtui.metrics.scores import Scores, make_scores
from medtui.metrics.task import Task
from medtui.metrics.thresholds import Decision, choose_thresholds

CONSTANT_LOGITS = 1e-5
"""Maximum range over images, relative to its magnitude, of a logit that counts as constant."""

_RECALIBRATION_BATCH = 256

UNNAMED_DECISION = Decision()
"""That of a caller who names none."""


@dataclass(frozen=True)
class Predictions:
    """A model's logits and loss on one split."""

    logits_NK: npt.NDArray[np.float32]
    labels: npt.NDArray[np.integer]
    """(N,) class indices, or (N, K) zeros and ones."""
    loss: float
    mask: Mask | None = None
    """Whether each label is known; None where all are."""

    @property
    def are_constant(self) -> bool:
        """Whether the logits are the same for all images: no input reaches the output."""
        return bool(self.are_constant_K.all())

    @property
    def are_constant_K(self) -> npt.NDArray[np.bool_]:  # noqa: N802 - the suffix is the shape
        """Whether the logit of each class (K,) is the same for all images."""
        spread = np.ptp(self.logits_NK, axis=0)
        magnitude = np.abs(self.logits_NK).max(axis=0)
        constant: npt.NDArray[np.bool_] = spread <= CONSTANT_LOGITS * np.maximum(1, magnitude)
        return constant

    @property
    def are_finite(self) -> bool:
        """Whether all logits are finite; in half precision they can overflow."""
        return bool(np.isfinite(self.logits_NK).all())


def evaluation_copy(model: nn.Module, device: torch.device) -> nn.Module:
    """Return the model itself, or on a CPU a float32 copy of a half-precision model.

    The conversion is exact, and half-precision convolution on a CPU is 5 to 10 times slower.
    """
    is_half = any(parameter.dtype is torch.float16 for parameter in model.parameters())
    return deepcopy(model).float() if is_half and device.type == "cpu" else model


@torch.inference_mode()
def predict(
    model: nn.Module,
    batches: EvaluationBatches,
    criterion: Criterion,
    precision: Precision = EXACT,
) -> Predictions:
    """Return logits and mean loss over all images of `batches`, in evaluation mode.

    Raises:
        OutOfMemory: a batch does not fit into memory.
    """
    model = view_for(precision, model, image_shape_of(batches.images)).network
    model.eval()
    dtype = next(model.parameters()).dtype

    def logits(inputs: Tensor) -> Tensor:
        return precision.logits(model, inputs.to(dtype))

    def logits_of_first(size: int) -> Tensor:
        return logits(next(iter(EvaluationBatches(batches.images, size)))[0])

    logits_NK = run_or_explain(
        lambda: torch.cat([logits(inputs) for inputs, _ in batches]),
        Batch("evaluate.batch_size", batches.batch_size, logits_of_first),
    )
    return predictions_of(logits_NK, batches.images, criterion)


def predictions_of(logits_NK: Tensor, images: Images, criterion: Criterion) -> Predictions:
    """Return the logits of a split's images on its device, with labels and loss."""
    loss = criterion(logits_NK, images.labels)
    return Predictions(logits_NK.cpu().numpy(), images.host_labels, float(loss), images.mask)


@torch.no_grad()
def recalibrate(
    model: nn.Module, images: Images, num_images: int, precision: Precision = EXACT
) -> None:
    """Recompute BatchNorm's running statistics on unaugmented train images.

    With the dense model's statistics a compressed model can lose 40 points of accuracy.
    Source: Li et al. 2020 (EagleEye), arXiv 2007.02491.
    """
    model = view_for(precision, model, image_shape_of(images)).network
    norms = [each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001 - torch's common base class
    if not norms or num_images == 0:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch computes a cumulative average then
    was_training = model.training
    model.train()
    dtype = next(model.parameters()).dtype
    for inputs in _spread(images, num_images):
        precision.logits(model, inputs.to(dtype))
    model.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def image_shape_of(images: Images) -> ImageShape:
    """Return channels, height and width of a split's images."""
    _, channels, height, width = images.pixels_NCHW.shape
    return (channels, height, width)


def _spread(images: Images, num_images: int) -> Iterator[Tensor]:
    """Yield batches of images evenly spaced over the split.

    A split is in order of classes and patients; strides mix them within each batch.
    """
    count = min(num_images, len(images))
    num_batches = max(1, count // _RECALIBRATION_BATCH)
    rows = torch.linspace(0, len(images) - 1, count, device=images.labels.device).long()
    for first in range(num_batches):
        yield normalise(images.pixels_NCHW[rows[first::num_batches]], images.by)


class Evaluator:
    """Condensa's statistics function: loss and metrics of a model on a loader.

    In multi-label tasks each class's decision threshold is chosen on val. Test and train use the
    thresholds of the latest evaluation of val, which L-C runs first.
    """

    def __init__(
        self,
        task: Task,
        device: torch.device,
        val: EvaluationBatches,
        precision: Precision = EXACT,
        positive: int | None = None,
        decision: Decision = UNNAMED_DECISION,
    ) -> None:
        self.task = task
        self.device = device
        self.thresholds: list[float] = []
        """Probability of each class; empty in single-label tasks and before val is evaluated."""
        self.is_constant = False
        """Whether the logits of the latest evaluation of val were the same for all images."""
        self.latest: dict[EvaluationBatches, Predictions] = {}
        """Predictions of the model that was last evaluated on val: of val, and what followed."""
        self._val = val
        self._positive = positive
        self._decision = decision
        self.precision = precision
        self.measures_on_device = device.type == "cuda"
        """Whether the device computes the metrics: on a GPU they outlast the forward pass."""

    def __call__(self, model: nn.Module, criterion: Criterion, batches: Any) -> Statistics:  # noqa: ANN401 - the loader that Condensa was called with
        """Return the loss and every metric of `model` on all images of `batches`."""
        predictions = predict(
            evaluation_copy(model, self.device), batches, criterion, self.precision
        )
        if batches is self._val:
            self.latest.clear()
        self.latest[batches] = predictions
        if not predictions.are_finite:
            return math.nan, {"loss": None}
        if batches is self._val:
            self.is_constant = predictions.are_constant
        metrics = self._on_device if self.measures_on_device else self._on_host
        return predictions.loss, {"loss": predictions.loss} | metrics(predictions, batches)

    def scores_of(self, predictions: Predictions) -> Scores:
        """Return scores of predictions with the current thresholds."""
        return make_scores(
            predictions.logits_NK,
            predictions.labels,
            self.task,
            self.thresholds,
            predictions.mask,
            self._positive,
            self._decision.none,
        )

    def _on_host(self, predictions: Predictions, batches: EvaluationBatches) -> Metrics:
        if batches is self._val and self.task == "multi":
            val = make_scores(
                predictions.logits_NK, predictions.labels, self.task, mask=predictions.mask
            )
            self.thresholds = choose_thresholds(val, self._decision.rule)
        return measure(self.scores_of(predictions))

    def _on_device(self, predictions: Predictions, batches: EvaluationBatches) -> Metrics:
        """Return the same to 1e-12: for the curve over cycles, not for a result."""
        scores = device_scores(
            torch.from_numpy(predictions.logits_NK).to(self.device),
            batches.images.labels,
            batches.images.known,
            self.task,
            self._positive,
        )
        if batches is self._val and self.task == "multi":
            self.thresholds = scores.curve.thresholds_K(self._decision.rule).tolist()
        return measure_on_device(scores, self.thresholds, self._decision.none)
