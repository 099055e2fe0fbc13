"""Multiply-accumulates and sizes of torchvision's networks, against fvcore."""

import pytest
import torch
from fvcore.nn import FlopCountAnalysis

from medtui.engine.pruning.channel_groups import ChannelGraph
from medtui.engine.pruning.model_size import measure_size
from medtui.engine.pruning.multiply_adds import count_macs
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.training.network import build_network, class_layer
from medtui.errors import UsageError
from medtui.preset import GuardSettings, named_schemes

NETWORKS = {
    "resnet18": 32,
    "resnet50": 32,
    "densenet121": 32,
    "efficientnet_b0": 32,
    "convnext_tiny": 32,
    "mobilenet_v3_small": 32,
    "regnet_y_400mf": 32,
    "squeezenet1_1": 32,
    "googlenet": 32,
    "inception_v3": 96,
    "swin_t": 32,
    "vit_b_16": 224,
}
"""Network to the side of its images."""

PRODUCTS = ("conv", "linear", "matmul", "addmm", "bmm")
"""fvcore's operators that multiply; it also counts norms and pooling."""


@pytest.mark.parametrize(("architecture", "side"), NETWORKS.items())
def test_multiply_accumulates_equal_those_of_fvcore(architecture, side):
    """Also of attention, whose projections are no layers, and without auxiliary classifiers."""
    network = build_network(architecture, channels=3, num_classes=2, seed=0).eval()
    analysis = FlopCountAnalysis(network, torch.zeros(1, 3, side, side))
    analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    expected = sum(analysis.by_operator()[name] for name in PRODUCTS)
    found = count_macs(network, channels=3, side=side)
    assert sum(found.values()) == expected
    assert (
        found[class_layer(network)]
        == 2 * network.get_submodule(class_layer(network)).weight[0].numel()
    )


@pytest.mark.parametrize(("architecture", "side"), [("googlenet", 32), ("swin_t", 32)])
def test_networks_with_auxiliary_and_functional_layers_have_a_size(architecture, side):
    """These ended in a KeyError."""
    network = build_network(architecture, channels=3, num_classes=2, seed=0)
    size = measure_size(network, channels=3, side=side)
    assert size.num_parameters == sum(each.numel() for each in network.parameters())
    assert all(layer.macs for layer in size.layers)
    assert size.macs_kept == pytest.approx(size.macs, rel=1e-3)
    network.train()(torch.zeros(2, 3, side, side)).sum().backward()


@pytest.mark.parametrize("scheme", ["FilterPrune", "StructPrune"])
def test_the_outputs_of_the_classes_are_kept_where_they_are_filters(scheme):
    """SqueezeNet's last layer is a convolution with a filter for each class."""
    network = build_network("squeezenet1_1", channels=3, num_classes=15, seed=0)
    guard = GuardSettings(floor_channels=2)
    build_scheme(named_schemes()[scheme], 0.2, guard, (3, 64, 64)).pi(network)
    kept = {
        name: (network.get_parameter(f"{name}.weight").flatten(1) != 0).any(dim=1)
        for name in ("classifier.1", "features.3.expand1x1")
    }
    assert kept["classifier.1"].all()
    assert not kept["features.3.expand1x1"].all()


def test_a_network_computed_by_functions_is_not_traced():
    """Torch-Pruning does not end on it."""
    network = build_network("swin_t", channels=3, num_classes=2, seed=0)
    with pytest.raises(UsageError, match=r"features\.1\.0\.attn\.qkv is computed by a function"):
        ChannelGraph(network, (3, 32, 32))
