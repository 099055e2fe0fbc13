"""The precision in which a run computes: what its preset asks for, was recorded, or is faster.

A study in fast mode without a stated precision has one that its first run measures. The run records
it in `provenance.json`, where later runs of the study and later sessions of a run read it.
"""

import time
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import cast, get_args

import msgspec
import torch
from torch import nn

from medtui.datasets.dataset import Dataset
from medtui.engine.precision import (
    EXACT,
    Precision,
    fast_precision_on,
    native_precision,
    study_precision,
)
from medtui.engine.run.checkpoint import Checkpoint
from medtui.engine.training.batches import Images, TrainBatches, normalisation_of
from medtui.engine.training.loss import criterion_of
from medtui.engine.training.step import TrainingStep
from medtui.preset import FastPrecision, Preset, precision_from_environment
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record
from medtui.storage import UnreadableFile

_MAX_PIXELS = 16 * 32 * 32
"""Pixels of a channel in a measured minibatch: 16 images of 32 x 32, and no fewer than 4."""

_NUM_ROUNDS = 3
"""Steps measured in each precision, in turns; the fastest counts."""


class _Record(msgspec.Struct):
    """The part of `provenance.json` that is read."""

    fingerprint: dict[str, str] = {}


_decoder = msgspec.json.Decoder(_Record)


@dataclass(frozen=True)
class Measured:
    """The seconds of a training step in both precisions."""

    float32: float
    bfloat16: float

    @property
    def faster(self) -> FastPrecision:
        """The precision of the shorter step."""
        return "bfloat16" if self.bfloat16 < self.float32 else "float32"

    @property
    def sentence(self) -> str:
        """What was measured, for the log."""
        return (
            f"a training step takes {self.bfloat16 * 1e3:.0f} ms in bfloat16 and "
            f"{self.float32 * 1e3:.0f} ms in float32: fast mode computes in {self.faster}"
        )


def unmeasured_precision(
    preset: Preset, device: torch.device, *, is_compression: bool
) -> Precision:
    """Return the precision that a preset and the hardware's features decide."""
    asked = preset.compute.precision
    if preset.is_fast:
        name = asked or precision_from_environment() or native_precision(device)
        return study_precision(device, name)
    if is_compression and preset.lc.mode == "fast":
        return fast_precision_on(device, asked)
    return EXACT


def precision_of_results(device: torch.device, training: Precision) -> Precision:
    """Return the precision of what a run stores, float32, by that in which it trains."""
    return study_precision(device, "float32") if training.crops_kernels else EXACT


def known_precision(
    preset: Preset, device: torch.device, folder: RunFolder, restored: Checkpoint | None
) -> Precision | None:
    """Return a run's precision; None if its study is in fast mode and has yet to measure it."""
    decided = unmeasured_precision(preset, device, is_compression=not folder.is_trained)
    if preset.compute.precision or not preset.is_fast or device.type != "cpu":
        return decided
    if recorded := _recorded(folder, restored):
        return study_precision(device, recorded)
    is_chosen = precision_from_environment() or native_precision(device) == "float32"
    return decided if is_chosen else None


def _recorded(folder: RunFolder, restored: Checkpoint | None) -> FastPrecision | None:
    """Return the precision of an earlier session of the run, or of the study's first reference."""
    names = [restored.state.fingerprint.get("precision")] if restored else []
    names += [_name_in(each) for each in (folder, folder.study.reference)]
    for name in names:
        if name in get_args(FastPrecision):
            return cast("FastPrecision", name)
    return None


def _name_in(folder: RunFolder) -> str | None:
    try:
        record = read_json_record(folder.provenance, _decoder)
    except UnreadableFile:
        return None
    return record.fingerprint.get("precision") if record else None


def measure_precisions(
    preset: Preset, dataset: Dataset, network: nn.Module, device: torch.device
) -> Measured:
    """Measure training steps of `network` in both precisions, on the first images of train.

    CPU seconds are compared, which other processes change less than elapsed ones.
    """
    part, plan = dataset.train, preset.reference
    count = min(plan.batch_size, len(part), max(4, _MAX_PIXELS // dataset.size**2))
    first = replace(
        part, images_NHWC=part.images_NHWC[:count], labels=part.labels[:count],
        mask=None if part.mask is None else part.mask[:count],
    )  # fmt: skip
    images = Images(first, normalisation_of(dataset), device)
    batches = TrainBatches(images, dataset.augment, batch_size=count, seed=0)
    inputs, targets = next(iter(batches))
    image_shape = (dataset.channels, dataset.size, dataset.size)
    names: tuple[FastPrecision, FastPrecision] = ("float32", "bfloat16")
    steps = {}
    for name in names:
        step = TrainingStep(
            deepcopy(network), criterion_of(dataset, device), image_shape,
            study_precision(device, name), momentum=plan.momentum, weight_decay=plan.weight_decay,
        )  # fmt: skip
        step.network.train()
        steps[name] = step
        step(inputs, targets, 0.0)
    seconds: dict[FastPrecision, float] = dict.fromkeys(names, float("inf"))
    for _ in range(_NUM_ROUNDS):
        for name in names:
            began = time.process_time()
            steps[name](inputs, targets, 0.0)
            seconds[name] = min(seconds[name], time.process_time() - began)
    return Measured(seconds["float32"], seconds["bfloat16"])
