"""What is exported: a finished run's network, the images it is judged on, what it says of them."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medtui.datasets.dataset import Dataset, SplitData, open_dataset
from medtui.engine.export.runtime import answer_all
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.structural_pruning import NUM_CHECKED, Shrunk, check_same, shrink
from medtui.engine.run.load_run import finished_result, load_network, preset_of
from medtui.engine.training.batches import EvaluationBatches, Images, normalisation_of
from medtui.engine.training.network import named_layers
from medtui.errors import MedtuiError, UsageError
from medtui.metrics.scores import Mask
from medtui.metrics.task import Task
from medtui.runs.folder import RunFolder
from medtui.runs.predictions import SPLITS, SplitPredictions, read_predictions
from medtui.runs.result import Result
from medtui.runs.shrunk_manifest import Manifest
from medtui.units import format_percent

BATCH = 32
"""Images that every runtime computes at once; one of them is compiled for it."""

NUM_CALIBRATED = 256
"""Train images that int8's ranges are measured on."""

_SAME_RUN = 0.02
"""Difference of logits to the stored ones, as a share of the largest, above which weights, images
or both are others: processors differ by 1e-5, half precision on a GPU by less than 1e-2."""

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Probe:
    """Real images of one part, and what the run answers."""

    batches: EvaluationBatches
    labels: NDArray[np.int64]
    """(N,) class numbers, or (N, K) zeros and ones."""
    logits_NK: NDArray[np.float32]
    """The run's."""
    mask: Mask | None
    """Whether a label is known; None where all are."""


@dataclass(frozen=True)
class Subject:
    """One run, ready to be written in any format."""

    run: RunFolder
    result: Result
    dataset: Dataset
    network: nn.Module
    """What is written: each weight in the run's own type, without empty filters where asked."""
    dense: nn.Module
    """The study's reference, float32."""
    manifest: Manifest
    probes: dict[str, Probe]
    """`val` and `test`."""
    notes: list[str]
    """What should be known of every file."""

    @cached_property
    def single(self) -> nn.Module:
        """The network in float32, which rounds nothing, in evaluation mode."""
        return deepcopy(self.network).float().eval()

    @cached_property
    def example(self) -> Tensor:
        """Return images to trace with: black ones, for a `.pt2` keeps them."""
        return torch.zeros(2, self.dataset.channels, self.dataset.size, self.dataset.size)

    @property
    def task(self) -> Task:
        """One class per image, or any number of them."""
        return self.dataset.task

    def calibration(self) -> EvaluationBatches:
        """Return train images, evenly spread: neighbours share patient and class."""
        part = _choose(self.dataset.train, NUM_CALIBRATED)
        return EvaluationBatches(Images(part, normalisation_of(self.dataset), CPU), BATCH)


def open_subject(run: RunFolder, *, is_shrunk: bool, num_images: int) -> Subject:
    """Load a run, its data and its reference.

    Raises:
        UsageError: the run is not finished, or nothing can be taken out of it.
        EnvironmentProblem: data or predictions are missing.
        MedtuiError: weights or images are not those of the run, or shrinking changes its answers.
    """
    result, preset = finished_result(run), preset_of(run)
    dataset = open_dataset(preset.data)
    shape = (dataset.channels, dataset.size, dataset.size)
    result = msgspec.structs.replace(result, image_shape=shape)  # an older medtui did not note it
    network = load_network(run.model, preset, result)
    probes = _probe(run, deepcopy(network).float(), dataset, num_images)
    manifest = Manifest(preset.model.architecture, dataset.channels, len(dataset.classes), [])
    notes = _notes(network)
    if is_shrunk:
        shrunk = _shrink(network, probes["val"], shape)
        network = shrunk.network
        manifest = msgspec.structs.replace(manifest, layers=shrunk.layers)
        gone, empty = f"{shrunk.num_removed:,}", f"{shrunk.num_masked:,}"
        notes.append(f"{gone} of {empty} empty filters and neurons are taken out")
    reference = run.study.reference
    finished_result(reference)
    dense = load_network(reference.model, preset_of(reference), result).float().eval()
    return Subject(run, result, dataset, network.eval(), dense, manifest, probes, notes)


def _shrink(network: nn.Module, probe: Probe, shape: ImageShape) -> Shrunk:
    shrunk = shrink(network, shape)
    if not shrunk.num_removed:
        total = sum(len(layer.weight) for layer in named_layers(network).values())
        raise UsageError(
            f"Nothing is removable: {format_percent(shrunk.num_masked / total)} of the filters and "
            "neurons are masked, 0 % can be taken out.",
            hint="Only what is empty in all layers it is added up with can go: compress with a "
            "scheme of filters and `group = true`.",
        )
    batches = islice(probe.batches, -(-NUM_CHECKED // BATCH))
    images = torch.cat([images for images, _ in batches])
    check_same(network, shrunk, images)
    return shrunk


def _notes(network: nn.Module) -> list[str]:
    if all(parameter.dtype is torch.float32 for parameter in network.parameters()):
        return []
    note = "half-precision weights are float32 where the format computes, which rounds nothing"
    return [f"{note}; packed and safetensors keep them as they are"]


def _probe(run: RunFolder, network: nn.Module, dataset: Dataset, count: int) -> dict[str, Probe]:
    """Choose images of val and test, and let the run answer: as it did before, or not at all."""
    stored = read_predictions(run.predictions)
    by = normalisation_of(dataset)
    found = {}
    for split, whole in zip(SPLITS, (dataset.val, dataset.test), strict=True):
        part = _choose(whole, count)
        batches = EvaluationBatches(Images(part, by, CPU), BATCH)
        logits_NK = answer_all(network.eval(), batches)
        rows = _rows_in(run, stored.splits[split], part)
        _refuse_others(run, stored.splits[split].logits_NK[rows], logits_NK)
        mask = stored.splits[split].mask
        labels = part.labels.astype(np.int64)
        found[split] = Probe(batches, labels, logits_NK, None if mask is None else mask[rows])
    return found


def _rows_in(run: RunFolder, stored: SplitPredictions, part: SplitData) -> list[int]:
    """Return where the part's images stand among the stored ones."""
    rows = {name: row for row, name in enumerate(stored.names)}
    if not rows.keys() >= set(part.names):
        raise MedtuiError(
            f"The images of {run.preset} are not those that {run.name} was made with."
        )
    return [rows[name] for name in part.names]


def _refuse_others(
    run: RunFolder, expected_NK: NDArray[np.float32], logits_NK: NDArray[np.float32]
) -> None:
    difference = float(np.abs(expected_NK - logits_NK).max())
    if not difference <= _SAME_RUN * max(1.0, float(np.abs(expected_NK).max())):
        raise MedtuiError(
            f"{run.name} no longer gives the answers it stored: logits differ by {difference:.2g}.",
            hint="Its weights or the data set have changed since.",
        )


def _choose(part: SplitData, count: int) -> SplitData:
    """Return so many images, evenly spread; all for 0."""
    if not 0 < count < len(part):
        return part
    rows = np.linspace(0, len(part) - 1, count).astype(int).tolist()
    return SplitData(
        part.images_NHWC[rows], part.labels[rows], [part.names[row] for row in rows],
        [part.patients[row] for row in rows],
    )  # fmt: skip
