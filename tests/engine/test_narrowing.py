"""Networks with uniformly fewer channels: their size, their weights, and what is refused."""

from functools import partial

import pytest
import torch

from medtui.engine.pruning.narrowing import (
    Build,
    NotNarrowable,
    check_loading,
    check_target,
    manifest_of,
    narrow,
    narrow_to,
    num_parameters,
)
from medtui.engine.training.network import build_network, named_layers

SHAPE = (3, 32, 32)


def builder(architecture: str) -> Build:
    """Return a function that builds a network for two classes."""
    return partial(build_network, architecture, channels=3, num_classes=2, seed=0)


def test_every_layer_but_the_classes_keeps_the_same_share_of_its_channels():
    """A tenth of 64, 128, 256 and 512 channels; both classes stay."""
    build = builder("resnet18")
    narrowed = narrow(build, 0.1, SHAPE)
    whole = named_layers(build())
    for name, layer in named_layers(narrowed.network).items():
        kept, former = len(layer.weight), len(whole[name].weight)
        assert kept == (2 if name == "fc" else round(0.1 * former)), name
    assert narrowed.num_parameters == num_parameters(narrowed.network) < 120_000


def test_the_number_of_parameters_is_the_nearest_that_whole_channels_allow():
    """A network with one channel more or less in its widest layers is not nearer."""
    build, target = builder("squeezenet1_1"), 50_000
    found = narrow_to(build, target, SHAPE)
    step = 1 / max(len(layer.weight) for layer in named_layers(build()).values())
    others = [narrow(build, found.width + by, SHAPE).num_parameters for by in (-step, step)]
    assert min(others) < found.num_parameters < max(others)
    assert abs(found.num_parameters - target) <= min(abs(each - target) for each in others)


@pytest.mark.parametrize(
    "architecture",
    ["resnet18", "mobilenet_v3_small", "regnet_y_400mf", "squeezenet1_1", "convnext_tiny"],
)
def test_stock_networks_are_narrowed_trained_and_built_again(architecture):
    """Depthwise and grouped convolutions, squeeze-and-excitation, LayerNorm, no BatchNorm."""
    build = builder(architecture)
    total = num_parameters(build())
    narrowed = check_target(build, total // 5, SHAPE)
    assert total // 10 < narrowed.num_parameters < total // 2
    check_loading(narrowed, manifest_of(narrowed, architecture, 3, 2), SHAPE)
    logits_NK = narrowed.network.train()(torch.rand(4, *SHAPE))
    logits_NK.sum().backward()
    assert all(each.grad is not None for each in narrowed.network.parameters())


def test_weights_are_new_and_their_scale_fits_the_number_of_inputs():
    """Nothing is learned; a layer's outputs vary as those of torchvision's own initialisation."""
    build = builder("resnet18")
    first, second = (narrow(build, 0.25, SHAPE).network for _ in range(2))
    assert torch.equal(first.get_parameter("fc.weight"), second.get_parameter("fc.weight"))
    weight, whole = (each.get_parameter("layer3.0.conv2.weight") for each in (first, build()))
    assert float(weight.std() / whole.std()) == pytest.approx(2, rel=0.05)


def test_what_cannot_be_narrowed_is_refused_with_the_reason():
    """Torch-Pruning does not follow channel shuffles; no network has fewer than one channel."""
    with pytest.raises(NotNarrowable, match="cannot narrow ShuffleNetV2"):
        check_target(builder("shufflenet_v2_x0_5"), 10_000, SHAPE)
    build = builder("resnet18")
    with pytest.raises(NotNarrowable, match="the narrowest network has 338 parameters"):
        check_target(build, 200, SHAPE)
    with pytest.raises(NotNarrowable, match="no compression of the grid removes any"):
        check_target(build, num_parameters(build()), SHAPE)
