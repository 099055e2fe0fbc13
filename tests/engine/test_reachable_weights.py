"""Weights that no pixel reaches: geometry agrees with gradients, and logits do not need them."""

import pytest
import torch
from torch import nn

from medtui.engine.pruning.model_size import layer_densities, measure_size
from medtui.engine.pruning.reachable_weights import (
    density_reachable,
    map_sizes,
    reachable_taps,
    reached_taps,
    zero_unreachable,
)
from medtui.engine.training.network import build_network, named_layers

ARCHITECTURES = (
    "resnet18", "resnet50", "densenet121", "efficientnet_b0", "convnext_tiny",
    "mobilenet_v3_small", "regnet_y_400mf", "squeezenet1_1", "googlenet",
)  # fmt: skip

REFUSED = {("convnext_tiny", 28), ("densenet121", 28)}
"""Networks and sizes that torchvision refuses: the kernel of a convolution or pool is too large."""


def images(side: int) -> torch.Tensor:
    """Return noise shaped like images."""
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(3))


def network_of(architecture: str) -> nn.Module:
    """Return a network with positive biases, so that few activations are zero in every channel."""
    network = build_network(architecture, channels=3, num_classes=2, seed=0).eval()
    for module in network.modules():
        if getattr(module, "bias", None) is not None:
            module.bias.data.uniform_(0, 0.5)
    return network


def taps_with_gradient(network: nn.Module, images_NCHW: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the taps of each called convolution that have a gradient in any of its channels."""
    network.zero_grad()
    network(images_NCHW).square().sum().backward()
    return {
        name: layer.weight.grad.abs().amax(dim=(0, 1)) > 0
        for name, layer in named_layers(network).items()
        if isinstance(layer, nn.Conv2d) and layer.weight.grad is not None
    }


@pytest.mark.filterwarnings("ignore:The default weight init")
@pytest.mark.parametrize("side", [28, 32, 64, pytest.param(224, marks=pytest.mark.slow)])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_geometry_agrees_with_gradients_and_logits_stay_the_same(architecture, side):
    """A tap is reached where it has a gradient; without the others each logit keeps its bits."""
    network = network_of(architecture)
    if (architecture, side) in REFUSED:
        with pytest.raises(RuntimeError):
            network(images(side))
        with pytest.raises(RuntimeError):
            reachable_taps(network, (3, side, side))
        return
    taps = reachable_taps(network, (3, side, side))
    expected = taps_with_gradient(network, images(side))
    assert set(expected) == set(map_sizes(network, (3, side, side)))
    for name, reached in expected.items():
        assert torch.equal(taps.get(name, torch.ones_like(reached)), reached), name
    with torch.no_grad():
        before = network(images(side))
        zero_unreachable(network, taps)
        assert torch.equal(network(images(side)), before)


def test_most_of_a_resnet18_is_unreachable_at_32_pixels_and_nothing_at_64():
    """The last stage has maps of 2x2 and 1x1: its kernels use 4 taps or 1 of 9."""
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    taps = reachable_taps(network, (3, 32, 32))
    assert {name: int(mask.sum()) for name, mask in taps.items()} == {
        "layer4.0.conv1": 4, "layer4.0.conv2": 1, "layer4.1.conv1": 1, "layer4.1.conv2": 1,
    }  # fmt: skip
    size = measure_size(network, channels=3, side=32)
    assert size.num_compressible == 11_167_936
    assert size.num_weights_unreachable == 11_167_936 - 4_221_120
    assert sum(layer.num_unreachable for layer in size.layers) == size.num_weights_unreachable
    assert size.density_reachable == size.density == 1
    assert reachable_taps(network, (3, 64, 64)) == {}
    assert measure_size(network, channels=3, side=64).num_weights_unreachable == 0


def test_reachable_density_counts_reachable_weights_alone():
    """Zeros among unreachable weights do not lower it; others do."""
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    zero_unreachable(network, reachable_taps(network, (3, 32, 32)))
    size = measure_size(network, channels=3, side=32)
    assert size.density_reachable == 1
    assert size.density == pytest.approx(4_221_120 / 11_167_936)
    network.layer4[1].conv2.weight.data[:256] = 0
    size = measure_size(network, channels=3, side=32)
    assert size.density_reachable == pytest.approx(1 - 256 * 512 / 4_221_120)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(1, 1, 3, padding=1),
        nn.Conv2d(1, 1, 3, padding=1, stride=2),
        nn.Conv2d(1, 1, 3, padding=2, dilation=2),
        nn.Conv2d(1, 1, 5, padding=4, stride=2),
        nn.Conv2d(1, 1, (1, 7), padding=(0, 3)),
        nn.Conv2d(1, 1, (7, 3), padding=(3, 0), dilation=(2, 1), stride=(3, 1)),
        nn.Conv2d(1, 1, 4, padding="same"),
        nn.Conv2d(1, 1, 3, padding="same", dilation=3),
        nn.Conv2d(1, 1, 3, padding="valid"),
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="replicate"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 1), (4, 4), (7, 8)], ids=str)
def test_each_kind_of_convolution_has_the_taps_with_a_gradient(layer, size):
    """Stride, dilation, padding, even and oblong kernels: autograd on a map of ones decides."""
    layer.zero_grad()
    try:
        layer(torch.ones(1, 1, *size)).sum().backward()
    except RuntimeError:
        pytest.skip("the kernel is larger than the padded map")
    assert torch.equal(reached_taps(layer, {size}), layer.weight.grad[0, 0] != 0)


def test_a_layer_that_is_called_with_several_sizes_uses_the_taps_of_all():
    """On a 1x1 map the centre is used, on a 1x2 map the middle row."""
    layer = nn.Conv2d(1, 1, 3, padding=1)
    middle_row = [[False] * 3, [True] * 3, [False] * 3]
    assert reached_taps(layer, {(1, 1), (1, 2)}).tolist() == middle_row


def test_densities_are_counted_layer_by_layer_and_over_what_is_reached() -> None:
    """As by a mask over each weight, in whatever order the weights lie in memory."""
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)
    taps = reachable_taps(network, (3, 32, 32))
    for number, layer in enumerate(named_layers(network).values()):
        layer.weight.data[layer.weight.abs() < 0.002 * number] = 0
    layers = named_layers(network)
    expected = {name: float((each.weight != 0).double().mean()) for name, each in layers.items()}
    reached = [
        layer.weight if name not in taps else layer.weight[:, :, taps[name]]
        for name, layer in layers.items()
    ]
    share = sum(int((each != 0).sum()) for each in reached) / sum(map(torch.numel, reached))
    for layout in (torch.contiguous_format, torch.channels_last):
        network.to(memory_format=layout)
        assert layer_densities(network) == pytest.approx(expected, abs=1e-15)
        assert density_reachable(network, taps) == share
    assert len(set(expected.values())) > 10
    assert len(taps) > 3
