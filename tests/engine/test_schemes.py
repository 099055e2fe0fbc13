"""Schemes on a real ResNet-18: what they keep, with and without the guard."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.pruning.model_size import layer_densities, measure_size
from medtui.engine.pruning.schemes import build_scheme, operators_of, set_density, warmup_density
from medtui.engine.training.network import build_network, named_layers
from medtui.preset import BlockPrune, GuardSettings, Scheme, named_schemes

STRUCTURED = ("FilterPrune", "StructPrune", "StructPruneQuantize16")


def project(
    network: nn.Module, scheme: str, density: float | None, guard: GuardSettings | None
) -> nn.Module:
    """Return a compressed copy."""
    theta = deepcopy(network)
    build_scheme(named_schemes()[scheme], density, guard).pi(theta)
    return theta


@pytest.mark.parametrize("density", [0.5, 0.1, 1e-3, 1e-6])
@pytest.mark.parametrize("scheme", ["Prune", "PruneQuantize16", "PruneQuantize32"])
def test_single_weights_reach_the_density_asked_for(network, scheme, density):
    """The share of kept weights is int(density * n) / n."""
    size = measure_size(project(network, scheme, density, None), channels=3, side=32)
    assert size.num_compressible_nonzero == pytest.approx(
        int(density * size.num_compressible), abs=3
    )
    assert size.density == pytest.approx(density, rel=0.1)


@pytest.mark.parametrize("density", [0.5, 0.1])
@pytest.mark.parametrize("scheme", STRUCTURED)
def test_stock_structured_schemes_kill_layers(network, scheme, density):
    """Raw norms compare layers by their shape: the stem and first layers of stages collapse."""
    theta = project(network, scheme, density, None)
    size = measure_size(theta, channels=3, side=32)
    assert "conv1" in size.dead_layers
    assert len(size.dead_layers) >= 7
    with torch.no_grad():
        logits = theta.float().eval()(torch.randn(16, 3, 32, 32))
    assert float(logits.std(dim=0).max()) == 0.0


@pytest.mark.parametrize("density", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("scheme", STRUCTURED)
def test_the_guard_keeps_every_layer_alive(network, scheme, density):
    """Every layer keeps its floor, protected layers are not pruned, logits depend on the image."""
    theta = project(network, scheme, density, GuardSettings())
    layers = measure_size(theta, channels=3, side=32).layers
    for layer in layers:
        floor = min(layer.num_structures, max(8, -(-layer.num_structures * 5 // 100)))
        assert layer.num_structures_kept >= floor, layer.name
        if layer.name == "conv1" or "downsample" in layer.name:
            assert layer.num_structures_kept == layer.num_structures
    with torch.no_grad():
        logits = theta.float().eval()(torch.randn(16, 3, 32, 32))
    assert float(logits.std(dim=0).max()) > 0


def test_the_guard_spends_the_budget_where_floors_allow(network):
    """At density 0.5 the guard keeps half of the filters that it may prune."""
    theta = project(network, "FilterPrune", 0.5, GuardSettings())
    open_layers = [
        layer for layer in measure_size(theta, channels=3, side=32).layers
        if layer.kind == "conv" and layer.name != "conv1" and "downsample" not in layer.name
    ]  # fmt: skip
    kept = sum(layer.num_structures_kept for layer in open_layers)
    assert kept == sum(layer.num_structures for layer in open_layers) // 2


@pytest.mark.parametrize("guard", [None, GuardSettings()])
def test_alignment_leaves_multiples(network, guard):
    """With `align`, every pruned layer keeps a multiple of it."""
    operator = named_schemes()["FilterPrune"].operators[0].model_copy(update={"align": 16})
    theta = deepcopy(network)
    build_scheme(Scheme(name="Aligned", operators=(operator,)), 0.5, guard).pi(theta)
    for name, layer in named_layers(theta).items():
        if isinstance(layer, nn.Conv2d):
            kept = int((layer.weight.flatten(1) != 0).any(dim=1).sum())
            assert kept % 16 == 0, name


@pytest.mark.parametrize(("scheme", "dtype"), [("Quantize16", 16), ("Quantize32", 32)])
def test_quantisation_changes_the_type_alone(network, scheme, dtype):
    """Half precision halves the bytes; single precision changes nothing."""
    theta = project(network, scheme, None, None)
    dense = measure_size(network, channels=3, side=32)
    size = measure_size(theta, channels=3, side=32)
    assert size.density == pytest.approx(1.0, abs=1e-4)
    assert size.bytes_dense / dense.bytes_dense == pytest.approx(dtype / 32, abs=0.01)
    for name, layer in named_layers(theta).items():
        expected = named_layers(network)[name].weight.to(layer.weight.dtype)
        assert torch.equal(layer.weight, expected)


def test_blocks_of_linear_layers_are_pruned_alone(network):
    """BlockPrune does not change convolutions."""
    operator = BlockPrune(block=(1, 8))
    theta = deepcopy(network)
    build_scheme(Scheme(name="Blocks", operators=(operator,)), 0.25, None).pi(theta)
    densities = layer_densities(theta)
    assert densities["fc"] == pytest.approx(0.25)
    assert densities["conv1"] == 1.0


def test_the_density_warms_down_to_what_was_asked(network):
    """Warm-up cycles keep more; afterwards the scheme has its own density."""
    shares = [warmup_density(cycle, 4, 0.1) for cycle in range(6)]
    assert shares == sorted(shares, reverse=True)
    assert shares[4:] == [0.1, 0.1]
    scheme = build_scheme(named_schemes()["PruneQuantize16"], 0.1, None)
    pruning = operators_of(scheme)[0]
    set_density(pruning, 0.6)
    assert pruning.density == 0.6
    set_density(pruning, 0.1)
    assert pruning.density == 0.1


def test_size_counts_a_known_network():
    """Parameters and multiply-accumulates of torchvision's ResNet-18 at 32x32."""
    size = measure_size(
        build_network("resnet18", channels=3, num_classes=2, seed=0), channels=3, side=32
    )
    assert size.num_parameters == 11_177_538
    assert size.macs == pytest.approx(74.02e6 / 2, rel=0.01)
