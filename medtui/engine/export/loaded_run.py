"""A finished run, loaded for export: its network, reference, validation images and their logits."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import msgspec
import numpy as np
import torch
import torchvision  # noqa: F401 - graphs name the classes of layers: `torchvision.models.resnet.ResNet`
from numpy.typing import NDArray
from torch import Tensor, nn

from medtui.datasets.dataset import Dataset, SplitData, open_dataset
from medtui.datasets.digest import NEWEST_RULE
from medtui.engine.export.runtime import compute_logits
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.kernel_crop import crop_kernels
from medtui.engine.pruning.structural_pruning import (
    NUM_CHECKED,
    Shrunk,
    check_same,
    layer_channels,
    shrink,
)
from medtui.engine.run.load_run import check_models, finished_result, load_network, preset_of
from medtui.engine.training.batches import EvaluationBatches, Images, normalisation_of
from medtui.engine.training.network import named_layers, require_finite
from medtui.errors import MedtuiError, UsageError
from medtui.metrics.arrays import Mask
from medtui.metrics.task import Task
from medtui.runs.data_digest import recorded_digest
from medtui.runs.folder import RunFolder
from medtui.runs.narrowed_record import read_narrowed
from medtui.runs.predictions import SPLITS, SplitPredictions
from medtui.runs.result import Result
from medtui.runs.run_digests import predictions_of
from medtui.runs.shrunk_manifest import Manifest
from medtui.units import format_percent

BATCH = 32
"""Batch size of every runtime; the compiled one is compiled for it."""

NUM_CALIBRATED = 256
"""Maximum number of train images on which int8's activation ranges are measured."""

_SAME_RUN = 0.02
"""Maximum difference from the stored logits, as a share of the largest. A larger one means that
weights or images have changed: processors differ by 1e-5, half precision on a GPU by below 1e-2."""

CPU = torch.device("cpu")


@dataclass(frozen=True)
class EvaluationSubset:
    """Images of one split for validation, and the run's logits of them."""

    batches: EvaluationBatches
    labels: NDArray[np.int64]
    """(N,) class indices, or (N, K) zeros and ones."""
    logits_NK: NDArray[np.float32]
    """The run's, computed in float32 on this CPU."""
    mask: Mask | None
    """Whether a label is known; None if all are."""


@dataclass(frozen=True)
class LoadedRun:
    """One run with everything that any format needs."""

    run: RunFolder
    result: Result
    dataset: Dataset
    network: nn.Module
    """The network to write, in its stored types: without weights that no pixel reaches and, if
    requested, without empty filters."""
    dense: nn.Module
    """The study's reference in float32."""
    manifest: Manifest
    subsets: dict[str, EvaluationSubset]
    """`val` and `test`; `val` alone where test is sealed."""
    notes: list[str]
    """Notes for the record of every file."""

    @cached_property
    def single(self) -> nn.Module:
        """The network in float32, an exact conversion, in evaluation mode."""
        return deepcopy(self.network).float().eval()

    @cached_property
    def example(self) -> Tensor:
        """Example input for tracing; black images, because a `.pt2` file contains it."""
        return torch.zeros(2, self.dataset.channels, self.dataset.size, self.dataset.size)

    @property
    def task(self) -> Task:
        """`single` or `multi`: one class per image, or any number."""
        return self.dataset.task

    def calibration(self) -> EvaluationBatches:
        """Return evenly spaced train images; consecutive ones share patients and classes."""
        part = _choose(self.dataset.train, NUM_CALIBRATED)
        return EvaluationBatches(Images(part, normalisation_of(self.dataset), CPU), BATCH)


def load_run(run: RunFolder, *, is_shrunk: bool, num_images: int) -> LoadedRun:
    """Load a run, its data and its reference.

    Raises:
        UsageError: the run is not finished, or has nothing to shrink.
        EnvironmentProblem: data or predictions are missing.
        MedtuiError: weights or images differ from the run's, or shrinking changes the logits.
    """
    result, preset = finished_result(run), preset_of(run)
    recorded = recorded_digest(run)
    rule = recorded.data_digest_rule if recorded else NEWEST_RULE
    dataset = open_dataset(preset.data, digest_rule=rule)
    shape = (dataset.channels, dataset.size, dataset.size)
    result = msgspec.structs.replace(result, image_shape=shape)  # early versions did not record it
    check_models(run, result)
    network = load_network(run, preset, result)
    require_finite(network, run.model)
    subsets = _evaluation_subsets(run, deepcopy(network).float(), dataset, num_images)
    narrowed = read_narrowed(run)
    manifest = narrowed.network if narrowed else Manifest(
        preset.model.architecture, dataset.channels, len(dataset.classes), []
    )  # fmt: skip
    notes = _notes(network)
    num_before = _num_weights(network)
    if is_shrunk:
        shrunk = _shrink(network, subsets["val"], shape)
        network = shrunk.network
        manifest = msgspec.structs.replace(manifest, layers=shrunk.layers)
        gone, empty = f"{shrunk.num_removed:,}", f"{shrunk.num_masked:,}"
        notes.append(f"{gone} of {empty} empty filters and neurons were removed")
    else:
        cropped = set(crop_kernels(network, shape))
        layers = layer_channels(network, cropped)
        if narrowed is None:  # all others have the architecture's own widths
            layers = [each for each in layers if each.name in cropped]
        manifest = msgspec.structs.replace(manifest, layers=layers)
        if cropped:
            notes.append(
                f"{num_before - _num_weights(network):,} weights that no pixel reaches were left "
                f"out: the file is for images of {dataset.size}x{dataset.size}"
            )
    reference = run.reference
    check_models(reference, finished_result(reference))
    dense = load_network(reference, preset_of(reference), result).float().eval()
    return LoadedRun(run, result, dataset, network.eval(), dense, manifest, subsets, notes)


def _shrink(network: nn.Module, subset: EvaluationSubset, shape: ImageShape) -> Shrunk:
    shrunk = shrink(network, shape, is_cropped=True)
    if not shrunk.num_removed:
        total = sum(len(layer.weight) for layer in named_layers(network).values())
        raise UsageError(
            f"Nothing can be removed: {format_percent(shrunk.num_masked / total)} of the filters "
            "and neurons are masked, but none of them in all coupled layers.",
            hint="Export without --shrink, or compress with a filter scheme and `group = true`.",
        )
    batches = islice(subset.batches, -(-NUM_CHECKED // BATCH))
    images = torch.cat([images for images, _ in batches])
    check_same(network, shrunk, images)
    return shrunk


def _num_weights(network: nn.Module) -> int:
    return sum(layer.weight.numel() for layer in named_layers(network).values())


def _notes(network: nn.Module) -> list[str]:
    if all(parameter.dtype is torch.float32 for parameter in network.parameters()):
        return []
    note = "half-precision weights are stored as float32 in formats that compute (exact)"
    return [f"{note}; packed and safetensors keep them unchanged"]


def _evaluation_subsets(
    run: RunFolder, network: nn.Module, dataset: Dataset, count: int
) -> dict[str, EvaluationSubset]:
    """Return images of val and test with the run's logits, which must equal the stored ones.

    Raises:
        MedtuiError: images or logits differ from the stored predictions.
    """
    stored = predictions_of(run)
    by = normalisation_of(dataset)
    found = {}
    for split, whole in zip(SPLITS, (dataset.val, dataset.test), strict=True):
        if split not in stored.splits:
            continue  # a sealed test is not evaluated
        part = _choose(whole, count)
        batches = EvaluationBatches(Images(part, by, CPU), BATCH)
        logits_NK = compute_logits(network.eval(), batches)
        rows = _rows_in(run, stored.splits[split], part)
        _check_logits(run, stored.splits[split].logits_NK[rows], logits_NK)
        mask = stored.splits[split].mask
        labels = part.labels.astype(np.int64)
        found[split] = EvaluationSubset(
            batches, labels, logits_NK, None if mask is None else mask[rows]
        )
    return found


def _rows_in(run: RunFolder, stored: SplitPredictions, part: SplitData) -> list[int]:
    """Return the rows of the split's images in the stored predictions."""
    rows = {name: row for row, name in enumerate(stored.names)}
    if not rows.keys() >= set(part.names):
        raise MedtuiError(
            f"The data set of {run.preset} lacks images that {run.name} was evaluated on.",
            hint="Restore the data set.",
        )
    return [rows[name] for name in part.names]


def _check_logits(
    run: RunFolder, expected_NK: NDArray[np.float32], logits_NK: NDArray[np.float32]
) -> None:
    difference = float(np.abs(expected_NK - logits_NK).max())
    if not difference <= _SAME_RUN * max(1.0, float(np.abs(expected_NK).max())):
        raise MedtuiError(
            f"The logits of {run.name} differ from the stored ones by {difference:.2g}.",
            hint="Its weights or the data set have changed; restore them.",
        )


def _choose(part: SplitData, count: int) -> SplitData:
    """Return `count` evenly spaced images; all of them for 0."""
    if not 0 < count < len(part):
        return part
    rows = np.linspace(0, len(part) - 1, count).astype(int).tolist()
    return SplitData(
        part.images_NHWC[rows], part.labels[rows], [part.names[row] for row in rows],
        [part.patients[row] for row in rows],
        mask=None if part.mask is None else part.mask[rows],
    )  # fmt: skip
