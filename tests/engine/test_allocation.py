"""The structures that each layer keeps: by one sort on the device, as by sorting numbers."""

import pytest
import torch
from torch import Tensor

from medtui.engine.pruning.group_pruning import GroupedPrune
from medtui.engine.pruning.guarded_pruning import GuardedPrune
from medtui.engine.training.network import build_network
from medtui.preset import GuardSettings, named_schemes
from tests.helpers.devices import DEVICES


def norms(seed: int, device: str) -> list[Tensor]:
    """Return norms of five layers, one of zeros, with ties within and between layers."""
    rng = torch.Generator().manual_seed(seed)
    sizes = torch.randint(3, 60, (5,), generator=rng).tolist()
    drawn = [torch.rand(size, generator=rng).mul(8).round() / 8 for size in sizes]
    drawn[seed % 5].zero_()
    return [each.to(device) for each in drawn]


def by_sorted_numbers(
    layers: list[Tensor], floors: list[int], budget: int, *, is_scaled: bool
) -> list[int]:
    """Return the same with Python's floats; of equal scores the first are better."""
    candidates = []
    for number, (layer, floor) in enumerate(zip(layers, floors, strict=True)):
        scale = float(layer.mean()) if is_scaled else 1.0
        ranked = sorted(layer.tolist(), reverse=True)[floor:]
        candidates += [(value / (scale or 1.0), number) for value in ranked]
    best = sorted(candidates, key=lambda each: -each[0])[: max(0, budget - sum(floors))]
    return [floors[n] + sum(number == n for _, number in best) for n in range(len(layers))]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("normalise", ["layer-mean", "none"])
@pytest.mark.parametrize("seed", range(12))
def test_each_layer_keeps_what_sorted_numbers_say(device, normalise, seed) -> None:
    """With ties, a layer of zeros, floors above the budget and layers below their floor."""
    guard = GuardSettings(normalise=normalise, floor_channels=seed % 4 * 3, floor_share=0.05)
    operator = named_schemes()["FilterPrune"].operators[0]
    density = (0.05, 0.3, 0.9)[seed % 3]
    prune = GuardedPrune(operator, density, guard, (torch.nn.Conv2d,))
    layers = norms(seed, device)
    sizes = [len(each) for each in layers]
    floors = [min(size, max(guard.floor_channels, -(-size // 20), 1)) for size in sizes]
    expected = by_sorted_numbers(
        [each.cpu() for each in layers], floors, int(density * sum(sizes)),
        is_scaled=normalise == "layer-mean",
    )  # fmt: skip
    assert prune.allocate(layers) == expected


def test_no_layer_keeps_nothing() -> None:
    """A network without an open layer has no structures."""
    operator = named_schemes()["FilterPrune"].operators[0]
    assert GuardedPrune(operator, 0.5, GuardSettings(), (torch.nn.Conv2d,)).allocate([]) == []


def test_groups_read_each_layers_norms_once(monkeypatch) -> None:
    """A layer's filters are measured once, whatever number of groups it belongs to."""
    from medtui.engine.pruning import group_pruning

    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    operator = named_schemes()["FilterPruneGroup"].operators[0]
    prune = GroupedPrune(operator, 0.5, GuardSettings(), (torch.nn.Conv2d,), (3, 32, 32))
    measured, norms_of = [], group_pruning.norms_of

    def noted(layer, criteria):
        measured.append(layer)
        return norms_of(layer, criteria)

    monkeypatch.setattr(group_pruning, "norms_of", noted)
    prune.pi(network)
    assert len(measured) == len({id(each) for each in measured}) > 10
