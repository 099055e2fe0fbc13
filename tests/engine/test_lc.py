"""The restated L-C loop against Condensa's own."""

from copy import deepcopy
from typing import Any

import condensa
import condensa.opt
import condensa.schemes
import pytest
import torch
from torch import nn

from medtui.engine.lc.loop import LC
from medtui.engine.lc.sgd import ForeachSgd
from medtui.engine.pruning import schemes
from medtui.engine.pruning.threshold import magnitude_threshold
from medtui.preset import named_schemes


class Silent:
    """Watches nothing."""

    def prepare(self, state):
        """Nothing."""

    def stepped(self, state, loss, num_images):
        """Nothing."""

    def measured(self, state, measured):
        """Nothing."""

    def cycle_ended(self, state):
        """Nothing."""


def tiny_network() -> nn.Module:
    """Two convolutions, BatchNorm and two linear layers, whose widths suit every scheme."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 8),
    )  # fmt: skip


def batches(seed: int, count: int = 5) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Fixed batches of noise with labels."""
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


STOCK = {
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

SCHEDULES = {
    "constant": {},
    "lr_end": {"lr_end": 1e-3},
    "lr_decay": {"lr_decay": 0.9},
    "lr_schedule": {"lr_schedule": [1, 2], "lr_multiplier": 0.5},
    "decay_and_end": {"lr_decay": 0.9, "lr_end": 1e-3},
}


def hyper_parameters(**more: Any) -> dict[str, Any]:
    """Give a short L-C run in which mu matters."""
    return {
        "steps": 5, "lr": 0.05, "mb_iterations_per_l": 4, "mb_iterations_first_l": 7,
        "mu_init": 0.02, "mu_multiplier": 1.7, "mu_cap": 10_000,
        "l_optimizer_params": {"momentum": 0.9, "weight_decay": 1e-4},
        "debugging_flags": {"custom_model_statistics": statistics},
    } | more  # fmt: skip


def run(engine: Any, scheme: Any) -> tuple[nn.Module, nn.Module, dict[str, Any]]:
    """Compress the tiny network; give the model trained, the model returned and the statistics."""
    w = tiny_network()
    compressor = condensa.Compressor(
        engine, scheme, w, batches(0), batches(1, 2), batches(2, 2), nn.CrossEntropyLoss()
    )
    return w, compressor.run(), compressor.statistics


def assert_equal_bits(ours: nn.Module, theirs: nn.Module) -> None:
    """Compare every parameter and buffer, types included."""
    for (name, left), (_, right) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert left.dtype == right.dtype, name
        assert torch.equal(left, right), name


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("scheme", STOCK)
@pytest.mark.filterwarnings("ignore:This overload of add_ is deprecated")
def test_exact_mode_equals_stock_condensa(scheme, schedule):
    """Theta, w, losses and statistics are Condensa's own bits for every scheme and schedule."""
    ours_scheme = schemes.build_scheme(named_schemes()[scheme], 0.3, None)
    engine = LC(
        watcher=Silent(), device=torch.device("cpu"), **hyper_parameters(**SCHEDULES[schedule])
    )
    ours_w, ours, ours_statistics = run(engine, ours_scheme)
    stock = condensa.opt.LC(**hyper_parameters(**SCHEDULES[schedule]))
    theirs_w, theirs, theirs_statistics = run(stock, STOCK[scheme]())
    assert_equal_bits(ours_w, theirs_w)
    assert_equal_bits(ours, theirs)
    for losses in ("train_losses", "val_losses", "test_losses"):
        assert ours_statistics[losses] == theirs_statistics[losses]


@pytest.mark.filterwarnings("ignore:This overload of add_ is deprecated")
def test_the_gpu_update_rule_has_the_same_bits():
    """The grouped update, which a GPU uses, gives stock's bits where it can be compared."""
    engine = LC(
        watcher=Silent(), device=torch.device("cpu"), l_optimizer=ForeachSgd, **hyper_parameters()
    )
    _, ours, _ = run(engine, schemes.build_scheme(named_schemes()["Prune"], 0.3, None))
    _, theirs, _ = run(condensa.opt.LC(**hyper_parameters()), condensa.schemes.Prune(0.3))
    assert_equal_bits(ours, theirs)


@pytest.mark.parametrize("density", [1.0, 0.5, 0.1, 1e-3, 1e-5])
@pytest.mark.parametrize("count", [1000, 200_000])
def test_the_threshold_is_condensas(density, count):
    """The selection gives the value that sorting gives, ties and zeros included."""
    values = torch.randn(count, generator=torch.Generator().manual_seed(1))
    values[::7] = 0.0
    values[::5] = 0.25
    if int(density * count) == 0:
        with pytest.raises(RuntimeError, match="causes model to be zero"):
            magnitude_threshold(values, density)
        return
    expected = condensa.tensor.threshold(values, density)
    assert torch.equal(magnitude_threshold(values, density), expected)
