"""Kernels without the borders that no pixel reaches have the same logits."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.pruning.kernel_crop import crop_kernels
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.pruning.structural_pruning import (
    TOLERANCE,
    check_same,
    layer_channels,
    rebuild,
    shrink,
)
from medtui.engine.training.network import build_network, restore_state, state_of
from medtui.runs.shrunk_manifest import Manifest, pack_manifest, read_manifest

IMAGE = (3, 32, 32)


def images(side: int = 32) -> torch.Tensor:
    """Return noise shaped like images."""
    return torch.randn(4, 3, side, side, generator=torch.Generator().manual_seed(3))


@pytest.mark.filterwarnings("ignore:The default weight init")
@pytest.mark.parametrize(
    "architecture",
    ["resnet18", "densenet121", "efficientnet_b0", "convnext_tiny", "mobilenet_v3_small",
     "squeezenet1_1", "googlenet"],
)  # fmt: skip
@torch.no_grad()
def test_a_cropped_network_answers_as_before(architecture):
    """Only reached weights are left, and logits agree as those of shrunk models do."""
    network = build_network(architecture, channels=3, num_classes=2, seed=0).eval()
    before = network(images())
    num_weights = sum(each.numel() for each in network.parameters())
    assert crop_kernels(network, IMAGE)
    assert sum(each.numel() for each in network.parameters()) < num_weights
    allowed = TOLERANCE * max(1.0, float(before.abs().max()))
    assert torch.allclose(network(images()), before, rtol=0, atol=allowed)
    assert crop_kernels(network, IMAGE) == []


def test_a_resnet18_for_32_pixels_is_left_with_what_a_pixel_reaches():
    """Of the four last kernels, one is 2x2 and the others are 1x1; at 64 pixels nothing goes."""
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    assert crop_kernels(deepcopy(network), (3, 64, 64)) == []
    crop_kernels(network, IMAGE)
    size = measure_size(network, channels=3, side=32)
    assert (size.num_compressible, size.num_weights_unreachable) == (4_221_120, 0)
    first, second = network.layer4[0].conv1, network.layer4[0].conv2
    assert (first.kernel_size, first.padding, first.stride) == ((2, 2), (0, 0), (2, 2))
    assert (second.kernel_size, second.padding, second.stride) == ((1, 1), (0, 0), (1, 1))


@pytest.mark.parametrize(
    ("layer", "size", "kernel"),
    [
        (nn.Conv2d(2, 4, 7, padding=3, groups=2), (2, 2), (3, 3)),
        (nn.Conv2d(1, 1, 5, padding=2, stride=2), (2, 4), (2, 5)),
        (nn.Conv2d(1, 1, 3, padding=2, dilation=2), (2, 1), (1, 1)),
        (nn.Conv2d(1, 1, (1, 7), padding=(0, 3)), (1, 1), (1, 1)),
        (nn.Conv2d(1, 1, 5, padding=4, stride=2), (1, 1), (5, 5)),
        (nn.Conv2d(1, 1, 3, padding="same"), (1, 1), (3, 3)),
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), (1, 1), (3, 3)),
        (nn.Conv2d(1, 1, 2, padding=1, dilation=2), (1, 1), (2, 2)),
    ],
    ids=str,
)
@torch.no_grad()
def test_stride_dilation_groups_and_oblong_kernels(layer, size, kernel):
    """The output is the same in shape and value; what cannot be cropped stays whole."""
    maps = torch.rand(2, layer.in_channels, *size)
    before = layer(maps)
    network = nn.Sequential(layer)
    crop_kernels(network, (layer.in_channels, *size))
    assert layer.kernel_size == tuple(layer.weight.shape[2:]) == kernel
    assert torch.allclose(layer(maps), before, atol=1e-6)


def test_a_shrunk_and_cropped_network_is_rebuilt_from_its_manifest(tmp_path):
    """Manifest and weights alone give the same bits; only cropped layers name a kernel."""
    network = build_network("resnet18", channels=3, num_classes=2, seed=0).eval()
    with torch.no_grad():
        network.layer4[0].conv1.weight[:100] = 0
        network.layer4[0].bn1.weight[:100] = network.layer4[0].bn1.bias[:100] = 0
    shrunk = shrink(network, IMAGE, is_cropped=True)
    assert check_same(network, shrunk, images()) <= TOLERANCE
    path = tmp_path / "shrunk.json"
    path.write_bytes(pack_manifest(shrunk.manifest("resnet18", channels=3, num_classes=2)))
    manifest = read_manifest(path)
    kernels = {each.name: each.kernel for each in manifest.layers if each.kernel}
    assert kernels == {
        "layer4.0.conv1": (2, 2), "layer4.0.conv2": (1, 1),
        "layer4.1.conv1": (1, 1), "layer4.1.conv2": (1, 1),
    }  # fmt: skip
    rebuilt = rebuild("resnet18", 3, 2, manifest)
    restore_state(rebuilt, state_of(shrunk.network))
    with torch.no_grad():
        assert torch.equal(rebuilt(images()), shrunk.network(images()))


def test_a_manifest_without_kernels_is_one_of_an_earlier_version():
    """Its layers have the kernels of the architecture."""
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    layers = layer_channels(network, cropped=())
    assert {each.kernel for each in layers} == {None}
    rebuilt = rebuild("resnet18", 3, 2, Manifest("resnet18", 3, 2, layers))
    assert rebuilt.layer4[1].conv2.weight.shape == network.layer4[1].conv2.weight.shape
