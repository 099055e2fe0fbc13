"""The L step, the training step and the evaluation that are timed: a network on noise images."""

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.engine_ablation.workload import AUGMENT, BY
from medtui.datasets.dataset import SplitData
from medtui.engine.lc.fast_mode import fast_mode_arguments
from medtui.engine.lc.loop import exact_step
from medtui.engine.lc.sgd import ForeachSgd, InPlaceSgd
from medtui.engine.lc.state import LcState
from medtui.engine.precision import (
    Precision,
    fast_precision_on,
    native_precision,
    study_precision,
)
from medtui.engine.training.batches import EvaluationBatches, Images, TrainBatches
from medtui.engine.training.network import build_network, named_layers
from medtui.engine.training.recording import CudaGraphs, Recorder
from medtui.engine.training.step import TrainingStep

_EVALUATION_BATCH = 1024


@dataclass(frozen=True)
class Size:
    """How much is computed."""

    architecture: str = "resnet18"
    side: int = 32
    batch: int = 128
    num_images: int = 16_384
    warm_up: int = 20
    steps: int = 400


TINY = Size("shufflenet_v2_x0_5", batch=4, num_images=12, warm_up=4, steps=2)
"""Enough to run every line on a CPU."""


@dataclass(frozen=True)
class Workload:
    """A network and images on a device."""

    device: torch.device
    size: Size
    warn: Callable[[str], None]
    """Called where the engine falls back to something slower."""

    @cached_property
    def images(self) -> Images:
        """Noise; its content does not change how long anything takes."""
        rng, size = np.random.default_rng(0), self.size
        pixels = rng.integers(0, 256, (size.num_images, size.side, size.side, 3), np.uint8)
        names = [""] * size.num_images
        labels = rng.integers(0, 2, size.num_images)
        return Images(SplitData(pixels, labels, names, names), BY, self.device)

    @cached_property
    def precision(self) -> Precision:
        """That of the fast mode."""
        return fast_precision_on(self.device)

    def network(self) -> nn.Module:
        """Return an untrained network, marked as Condensa's Prune would mark it."""
        network = build_network(self.size.architecture, channels=3, num_classes=2, seed=0)
        for layer in named_layers(network).values():
            layer.condense = {"weight"}  # type: ignore[assignment] # as Condensa marks layers
        return network.to(self.device).train()

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield augmented batches without end."""
        batches = TrainBatches(
            self.images, AUGMENT, batch_size=self.size.batch, seed=0,
            recorder=self.recorder,
        )  # fmt: skip
        while True:
            yield from batches

    def fast_step(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the L step of the fast mode, as a run makes it."""
        options = fast_mode_arguments(self.device, self.precision, self.warn)
        w = self.network()
        optimizer = options["l_optimizer"](w, lr=0.01, momentum=0.9)
        state = LcState(w, deepcopy(w), deepcopy(w), deepcopy(w), optimizer, lr=0.01, mu=0.01)
        return lambda inputs, labels: options["step"](state, inputs, labels, F.cross_entropy)

    def exact_step(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the L step of the exact mode, as a run makes it."""
        w = self.network()
        kind = ForeachSgd if self.device.type == "cuda" else InPlaceSgd
        optimizer = kind(w, lr=0.01, momentum=0.9)
        state = LcState(w, deepcopy(w), deepcopy(w), deepcopy(w), optimizer, lr=0.01, mu=0.01)
        return lambda inputs, labels: exact_step(state, inputs, labels, F.cross_entropy)

    def training_step(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the step of a reference and of fine-tuning in fast mode, as a run makes it."""
        precision = study_precision(self.device, native_precision(self.device))
        shape = (3, self.size.side, self.size.side)
        step = TrainingStep(
            self.network(), F.cross_entropy, shape, precision, momentum=0.9, weight_decay=5e-4,
            recorder=self.recorder,
        )  # fmt: skip
        step.network.train()
        return lambda inputs, labels: step(inputs, labels, 0.01)

    @property
    def recorder(self) -> Recorder | None:
        """What records on a GPU."""
        return (CudaGraphs(), self.warn) if self.device.type == "cuda" else None

    def evaluation(self) -> Callable[[], Tensor]:
        """Return one evaluation of all images in the fast mode's precision."""
        network = self.network().eval().to(memory_format=self.precision.memory_format)
        batches = EvaluationBatches(self.images, _EVALUATION_BATCH)

        @torch.inference_mode()
        def evaluate() -> Tensor:
            return torch.cat([self.precision.logits(network, inputs) for inputs, _ in batches])

        return evaluate

    def wait(self) -> None:
        """Wait until the device has computed everything."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds_of(self, work: Callable[[], object], count: int) -> float:
        """Return the seconds of one call of `work`, as the mean over `count` calls."""
        self.wait()
        began = time.perf_counter()
        for _ in range(count):
            work()
        self.wait()
        return (time.perf_counter() - began) / count
