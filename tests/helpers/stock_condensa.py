"""The same short compression by stock Condensa and by medtui, whose results are compared."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import condensa
import condensa.opt
import condensa.schemes
import torch
from torch import Tensor, nn

from medtui.engine.lc.state import CycleMeasurement, LcState


class NoCallbacks:
    """Callbacks that do nothing."""

    def prepare(self, state: LcState) -> None:
        """Ignore the call."""

    def stepped(self, state: LcState, loss: Tensor, num_images: int) -> None:
        """Ignore the call."""

    def measured(self, state: LcState, measured: CycleMeasurement) -> None:
        """Ignore the call."""

    def cycle_ended(self, state: LcState) -> None:
        """Ignore the call."""


def small_network() -> nn.Module:
    """Return convolutions, BatchNorm and linear layers of widths that suit every scheme."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 8),
    )  # fmt: skip


def batches(seed: int, count: int = 5) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return fixed batches of noise with labels."""
    rng = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(8, 3, 8, 8, generator=rng), torch.randint(0, 8, (8,), generator=rng))
        for _ in range(count)
    ]


def statistics(model: nn.Module, loss_fn: Any, loader: Any) -> tuple[float, dict[str, float]]:
    """Evaluate in float32: half-precision layers are upcast, which rounds nothing."""
    model = deepcopy(model).float().eval()
    with torch.no_grad():
        losses = [float(loss_fn(model(inputs), targets)) for inputs, targets in loader]
    return sum(losses) / len(losses), {}


STOCK: dict[str, Callable[[], Any]] = {
    "Prune": lambda: condensa.schemes.Prune(0.3),
    "FilterPrune": lambda: condensa.schemes.FilterPrune(0.3),
    "NeuronPrune": lambda: condensa.schemes.NeuronPrune(0.3),
    "StructPrune": lambda: condensa.schemes.StructurePrune(0.3),
    "BlockPrune": lambda: condensa.schemes.BlockPrune(0.3, (1, 8)),
    "Quantize16": lambda: condensa.schemes.Quantize(condensa.float16),
    "Quantize32": lambda: condensa.schemes.Quantize(condensa.float32),
    "PruneQuantize16": lambda: condensa.schemes.Compose(
        [condensa.schemes.Prune(0.3), condensa.schemes.Quantize(condensa.float16)]
    ),
    "StructPruneQuantize16": lambda: condensa.schemes.Compose(
        [condensa.schemes.StructurePrune(0.3), condensa.schemes.Quantize(condensa.float16)]
    ),
}

SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {},
    "lr_end": {"lr_end": 1e-3},
    "lr_decay": {"lr_decay": 0.9},
    "lr_schedule": {"lr_schedule": [1, 2], "lr_multiplier": 0.5},
    "decay_and_end": {"lr_decay": 0.9, "lr_end": 1e-3},
}


def hyper_parameters(**more: Any) -> dict[str, Any]:
    """Return the settings of a short L-C run in which mu matters."""
    return {
        "steps": 5, "lr": 0.05, "mb_iterations_per_l": 4, "mb_iterations_first_l": 7,
        "mu_init": 0.02, "mu_multiplier": 1.7, "mu_cap": 10_000,
        "l_optimizer_params": {"momentum": 0.9, "weight_decay": 1e-4},
        "debugging_flags": {"custom_model_statistics": statistics},
    } | more  # fmt: skip


def compress(engine: Any, scheme: Any) -> tuple[nn.Module, nn.Module, dict[str, Any]]:
    """Compress the network; return the trained model, the returned model and the statistics."""
    w = small_network()
    compressor = condensa.Compressor(
        engine, scheme, w, batches(0), batches(1, 2), batches(2, 2), nn.CrossEntropyLoss()
    )
    return w, compressor.run(), compressor.statistics
