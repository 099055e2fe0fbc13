"""Grouped schemes: every masked channel can be removed, in every supported architecture."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.lc.sgd import compressed_names
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.pruning.structural_pruning import check_same, shrink
from medtui.engine.training.network import build_network, named_layers
from medtui.preset import FilterPrune, GuardSettings, Scheme, named_schemes

IMAGE = (3, 32, 32)


def projected(
    network: nn.Module,
    scheme: str = "FilterPruneGroup",
    density: float = 0.5,
    guard: GuardSettings | None = None,
) -> nn.Module:
    """Return a compressed copy."""
    theta = deepcopy(network)
    build_scheme(named_schemes()[scheme], density, guard or GuardSettings(), IMAGE).pi(theta)
    return theta


def filters_kept(theta: nn.Module) -> dict[str, torch.Tensor]:
    """Return a mask of the filters or neurons with a nonzero weight for each layer."""
    return {
        name: (layer.weight.flatten(1) != 0).any(dim=1)
        for name, layer in named_layers(theta).items()
    }


@pytest.mark.parametrize("density", [0.5, 0.1])
@pytest.mark.parametrize(
    "scheme", ["FilterPruneGroup", "StructPruneGroup", "StructPruneGroupQuantize16"]
)
def test_all_that_is_masked_can_be_removed(network, scheme, density):
    """No structure remains masked, and the logits are those of the masked network."""
    theta = projected(network, scheme, density)
    shrunk = shrink(theta, IMAGE)
    assert shrunk.num_removed == shrunk.num_masked > 0
    check_same(theta, shrunk, torch.randn(4, *IMAGE))
    assert measure_size(shrunk.network, channels=3, side=32).structure_density == 1.0


def test_without_groups_the_residual_stream_keeps_zeros(network):
    """A filter that coupled layers still need is masked, but not removable."""
    shrunk = shrink(projected(network, "FilterPrune"), IMAGE)
    assert 0 < shrunk.num_removed < 0.7 * shrunk.num_masked


def test_coupled_layers_lose_the_same_channels_and_their_batchnorms(network):
    """A residual stream loses a channel in all layers at once, with its scale and shift."""
    theta = projected(network)
    kept = filters_kept(theta)
    stream = ["conv1", "layer1.0.conv2", "layer1.1.conv2"]
    assert not kept["conv1"].all()
    for name, norm in zip(stream, ["bn1", "layer1.0.bn2", "layer1.1.bn2"], strict=True):
        assert torch.equal(kept[name], kept["conv1"]), name
        module = theta.get_submodule(norm)
        assert torch.equal(module.weight != 0, kept["conv1"]), norm
        assert not module.bias[~kept["conv1"]].any(), norm


def test_the_penalty_pulls_batchnorm_along(network):
    """BatchNorm's scale and shift of a group are marked as compressed, so the L step pulls them."""
    names = compressed_names(projected(network))
    assert {"bn1.weight", "bn1.bias", "layer4.1.bn2.weight"} <= names
    assert "fc.weight" not in names


@pytest.mark.parametrize("density", [0.5, 0.25, 0.01])
def test_the_budget_is_spent_and_floors_hold(network, density):
    """The requested share of filters is kept, or eight and 5 % of every group if that is more."""
    kept = filters_kept(projected(network, density=density))
    kept.pop("fc")
    total = sum(map(len, kept.values()))
    floors = {name: max(8, -(-len(each) // 20)) for name, each in kept.items()}
    for name, each in kept.items():
        assert int(each.sum()) >= floors[name], name
    budget = max(int(density * total), sum(floors.values()))
    assert budget - 4 <= sum(int(each.sum()) for each in kept.values()) <= budget


def test_a_group_is_protected_where_all_of_its_layers_are_named(network):
    """Default patterns protect no residual stream; naming all of its layers does."""
    patterns = ("conv1", "layer1.*.conv2")
    kept = filters_kept(projected(network, density=0.1, guard=GuardSettings(protect=patterns)))
    for name in ("conv1", "layer1.0.conv2", "layer1.1.conv2"):
        assert kept[name].all(), name
    assert not kept["layer1.0.conv1"].all()
    assert not filters_kept(projected(network))["conv1"].all()


def test_alignment_holds_for_every_layer_that_is_left(network):
    """With `align`, each group keeps a multiple of it."""
    theta = deepcopy(network)
    scheme = Scheme(name="Aligned", operators=(FilterPrune(group=True, align=16),))
    build_scheme(scheme, 0.3, GuardSettings(), IMAGE).pi(theta)
    for name, module in shrink(theta, IMAGE).network.named_modules():
        if isinstance(module, nn.Conv2d):
            assert module.out_channels % 16 == 0, name


@pytest.mark.parametrize(
    "architecture", ["mobilenet_v2", pytest.param("densenet121", marks=pytest.mark.slow)]
)
def test_other_networks_shrink_by_their_own_couplings(architecture):
    """Depthwise convolutions and concatenations couple channels like residual additions."""
    network = build_network(architecture, channels=3, num_classes=2, seed=0)
    theta = projected(network)
    shrunk = shrink(theta, IMAGE)
    assert shrunk.num_removed == shrunk.num_masked > 0
    check_same(theta, shrunk, torch.randn(2, *IMAGE))
