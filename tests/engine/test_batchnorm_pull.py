"""The pull of L-C on BatchNorm's scale and shift behind filters that go."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.lc.sgd import compressed_names
from medtui.engine.pruning.filter_norms import zero_masks
from medtui.engine.pruning.following_norms import norms_after_layers
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.training.network import build_network
from medtui.preset import GuardSettings, named_schemes

IMAGE = (3, 32, 32)


def projected(network: nn.Module, scheme: str, pull: str) -> nn.Module:
    """Return a compressed copy, under the guard with the setting."""
    theta = deepcopy(network)
    guard = GuardSettings(batchnorm_pull=pull)
    build_scheme(named_schemes()[scheme], 0.3, guard, IMAGE).pi(theta)
    return theta


@pytest.mark.parametrize("scheme", ["FilterPrune", "StructPrune", "StructPruneQuantize16"])
def test_batchnorm_goes_with_its_filter(network, scheme):
    """Scale and shift behind a removed filter are zero, pulled, and held in fine-tuning."""
    theta = projected(network, scheme, "all")
    conv, norm = theta.layer1[0].conv1, theta.layer1[0].bn1
    is_empty = (conv.weight.flatten(1) == 0).all(dim=1)
    assert 0 < int(is_empty.sum()) < len(is_empty)
    assert torch.equal(norm.weight == 0, is_empty)
    assert not norm.bias[is_empty].any()
    assert {"layer1.0.bn1.weight", "layer1.0.bn1.bias"} <= compressed_names(theta)
    assert torch.equal(zero_masks(theta)["layer1.0.bn1.weight"] == 0, is_empty)
    assert theta.bn1.weight.all(), "the protected stem's"


def test_group_alone_leaves_other_batchnorms_as_they_were(network):
    """Presets of earlier versions repeat their runs."""
    theta = projected(network, "FilterPrune", "group")
    assert theta.layer1[0].bn1.weight.all()
    assert not any(".bn" in name for name in compressed_names(theta))


@pytest.mark.parametrize("pull", ["all", "group"])
def test_grouped_schemes_have_it_always(network, pull):
    """They ignore the setting."""
    theta = projected(network, "FilterPruneGroup", pull)
    assert not theta.layer1[0].bn1.weight.all()


@pytest.mark.parametrize(
    ("architecture", "layer", "norm"),
    [
        ("resnet18", "layer1.0.conv2", "layer1.0.bn2"),
        ("mobilenet_v2", "features.1.conv.1", "features.1.conv.2"),
        ("densenet121", "features.denseblock1.denselayer1.conv1",
         "features.denseblock1.denselayer1.norm2"),
        ("vgg11_bn", "features.0", "features.1"),
    ],
)  # fmt: skip
def test_each_layer_finds_its_batchnorm(architecture, layer, norm):
    """By the tensor that is passed on, whatever the modules are called."""
    network = build_network(architecture, channels=3, num_classes=2, seed=0)
    assert norms_after_layers(network, (3, 64, 64))[layer] == norm
