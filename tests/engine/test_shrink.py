"""Shrinking: the network without its empty channels has the same logits."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.pruning.channel_groups import ChannelGraph, ChannelGroup
from medtui.engine.pruning.structural_pruning import (
    NotShrinkable,
    Shrunk,
    check_same,
    rebuild,
    shrink,
)
from medtui.engine.training.network import build_network, restore_state, state_of
from medtui.errors import UsageError
from medtui.runs.shrunk_manifest import pack_manifest, read_manifest

SIDE = 32
IMAGE = (3, SIDE, SIDE)


def worn_network(architecture: str) -> nn.Module:
    """Return a network with BatchNorms as uneven as trained ones."""
    network = build_network(architecture, channels=3, num_classes=2, seed=0)
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
            module.running_mean.normal_(0, 0.2)
    return network


@torch.no_grad()
def empty(network: nn.Module, group: ChannelGroup, dead: torch.Tensor, *, with_norms=True) -> None:
    """Zero these channels in every layer of a group and in its BatchNorms."""
    for member in (*group.layers, *(group.norms if with_norms else ())):
        module = network.get_submodule(member.name)
        own = member.to_layer(dead, len(module.weight))
        module.weight[own] = 0
        if module.bias is not None:
            module.bias[own] = 0


def half_empty(architecture: str, *, with_norms: bool = True) -> nn.Module:
    """Return a network with about half of the channels of every group empty."""
    network = worn_network(architecture)
    rng = torch.Generator().manual_seed(2)
    for group in ChannelGraph(network, IMAGE).groups:
        dead = torch.rand(group.size, generator=rng) < 0.5
        empty(network, group, dead, with_norms=with_norms)
    return network


def images(count: int = 8) -> torch.Tensor:
    """Return noise shaped like images."""
    return torch.randn(count, *IMAGE, generator=torch.Generator().manual_seed(3))


def num_parameters(network: nn.Module) -> int:
    """Count parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("architecture", ["resnet18", "mobilenet_v2", "squeezenet1_1"])
def test_a_shrunk_network_answers_as_before(architecture):
    """All empty channels are removed, logits agree, and the original is unchanged."""
    network = half_empty(architecture)
    before = deepcopy(network.state_dict())
    shrunk = shrink(network, IMAGE)
    assert shrunk.num_removed == shrunk.num_masked > 0
    assert shrunk.shifted == ()
    assert num_parameters(shrunk.network) < 0.35 * num_parameters(network)
    assert check_same(network, shrunk, images()) <= 1e-5
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())


def test_it_is_rebuilt_from_manifest_and_weights_alone(tmp_path):
    """Torchvision's network with the manifest's widths and stored tensors has the same bits."""
    shrunk = shrink(half_empty("mobilenet_v2"), IMAGE)
    path = tmp_path / "shrunk.json"
    path.write_bytes(pack_manifest(shrunk.manifest("mobilenet_v2", channels=3, num_classes=2)))
    manifest = read_manifest(path)
    network = rebuild(manifest.architecture, manifest.channels, manifest.num_classes, manifest)
    restore_state(network, state_of(shrunk.network))
    with torch.no_grad():
        assert torch.equal(network(images()), shrunk.network(images()))


def test_a_channel_stays_where_a_coupled_layer_needs_it():
    """In a residual stream a masked filter is removable only with all coupled ones."""
    network = worn_network("resnet18")
    with torch.no_grad():
        network.layer1[0].conv2.weight[:40] = 0
        network.layer1[0].bn2.weight[:40] = network.layer1[0].bn2.bias[:40] = 0
        network.layer1[0].conv1.weight[:30] = 0
        network.layer1[0].bn1.weight[:30] = network.layer1[0].bn1.bias[:30] = 0
    shrunk = shrink(network, IMAGE)
    assert (shrunk.num_masked, shrunk.num_removed) == (70, 30)
    assert shrunk.network.layer1[0].conv1.out_channels == 34
    assert shrunk.network.layer1[0].conv2.out_channels == 64
    check_same(network, shrunk, images())


def test_no_layer_ends_up_empty():
    """A layer without any weight keeps one channel."""
    network = worn_network("resnet18")
    graph = ChannelGraph(network, IMAGE)
    for group in graph.groups:
        empty(network, group, torch.ones(group.size, dtype=torch.bool))
    shrunk = shrink(network, IMAGE)
    widths = {layer.name: layer.outputs for layer in shrunk.layers}
    assert widths.pop("fc") == 2
    assert set(widths.values()) == {1}
    check_same(network, shrunk, images())


def test_batchnorm_that_shifts_an_empty_channel_is_refused_by_name():
    """A removed constant changes the logits, and the check names its BatchNorm."""
    network = half_empty("resnet18", with_norms=False)
    shrunk = shrink(network, IMAGE)
    assert "bn1" in shrunk.shifted
    with pytest.raises(NotShrinkable, match=r"bn1.* add a constant") as caught:
        check_same(network, shrunk, images())
    assert "group = true" in caught.value.hint


def test_what_activations_swallow_anyway_passes_the_check():
    """A negative constant before a ReLU has no effect: equal logits decide, not the constant."""
    network = worn_network("resnet18")
    with torch.no_grad():
        network.layer1[0].conv1.weight[:30] = 0
        network.layer1[0].bn1.running_mean[:30] = 0
        network.layer1[0].bn1.bias[:30] = -0.1
    shrunk = shrink(network, IMAGE)
    assert shrunk.shifted == ("layer1.0.bn1",)
    assert shrunk.num_removed == 30
    check_same(network, shrunk, images())


def test_half_precision_stays_in_storage():
    """Layers keep their types; logits are compared in float32."""
    network = half_empty("resnet18")
    network.layer2.half()
    network.fc.half()
    shrunk = shrink(network, IMAGE)
    for name, tensor in network.state_dict().items():
        assert shrunk.network.state_dict()[name].dtype is tensor.dtype, name
    assert check_same(network, shrunk, images()) <= 1e-5


def test_flattened_maps_and_neurons_shrink_too():
    """Removing a filter narrows the next linear layer; classes are never removed."""
    torch.manual_seed(4)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=8), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
        nn.Linear(128, 12), nn.ReLU(), nn.Linear(12, 2),
    )  # fmt: skip
    for group in ChannelGraph(network, IMAGE).groups:
        empty(network, group, torch.arange(group.size) % 2 == 0)
    shrunk = shrink(network, IMAGE)
    assert [(each.inputs, each.outputs) for each in shrunk.layers] == [
        (3, 4), (4, 4), (64, 6), (6, 2),
    ]  # fmt: skip
    check_same(network, shrunk, images())


def test_what_cannot_be_followed_is_said():
    """Torch-Pruning cannot trace a channel shuffle."""
    network = build_network("shufflenet_v2_x0_5", channels=3, num_classes=2, seed=0)
    with pytest.raises(UsageError, match="cannot trace the channels of ShuffleNetV2"):
        shrink(network, IMAGE)


def test_a_broken_shrink_is_refused():
    """A network with other logits is rejected, whatever the cause."""
    network = half_empty("resnet18")
    shrunk = shrink(network, IMAGE)
    shrunk.network.fc.bias.data += 1e-3
    with pytest.raises(NotShrinkable, match=r"differ by 0\.001"):
        check_same(network, Shrunk(shrunk.network, [], 0, 0, ()), images())
