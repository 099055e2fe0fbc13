"""Convolutions of the smallest maps as matrix products: outputs and gradients of torch's own."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from medtui.engine.precision import EXACT, Precision
from medtui.engine.training.cropped_view import view_for
from medtui.engine.training.matrix_convolution import SingleOutputConv2d, TwoByTwoConv2d
from medtui.engine.training.network import build_network

FAST = Precision(torch.float32, torch.channels_last, crops_kernels=True)


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(
    ("kind", "side", "sizes"),
    [
        (SingleOutputConv2d, 1, {"kernel_size": 1}),
        (SingleOutputConv2d, 2, {"kernel_size": 1, "stride": 2}),
        (SingleOutputConv2d, 3, {"kernel_size": (2, 3), "stride": (2, 1)}),
        (TwoByTwoConv2d, 2, {"kernel_size": 3, "padding": 1}),
    ],
)
def test_a_product_is_the_convolution(kind, side, sizes, has_bias):
    """Outputs and gradients of inputs, weights and biases agree but for rounding."""
    generator = torch.Generator().manual_seed(5)
    plain = nn.Conv2d(3, 4, bias=has_bias, **sizes)
    product = deepcopy(plain)
    product.__class__ = kind
    images = torch.randn(2, 3, side, side, generator=generator).requires_grad_()
    outputs, gradients = [], []
    for layer in (plain, product):
        output = layer(images)
        outputs.append(output.detach())
        torch.manual_seed(6)
        wanted = [images, *layer.parameters()]
        gradients.append(torch.autograd.grad(output, wanted, torch.randn(output.shape)))
    assert torch.allclose(*outputs, atol=1e-5)
    for before, after in zip(*gradients, strict=True):
        assert torch.allclose(before, after, atol=1e-5)


def test_gradients_of_narrow_products_are_summed_in_the_kernels_type():
    """Four products in bfloat16, of 1 and 3/256, sum up to what bfloat16 could not hold."""
    layer = TwoByTwoConv2d(1, 1, 3, padding=1, bias=False)
    images = torch.tensor([[[[1.0, 3 / 256], [3 / 256, 3 / 256]]]], dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        layer(images).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad[0, 0, 1, 1].item() == 1 + 9 / 256


def test_a_resnet18_for_32_pixels_has_them_in_its_last_two_blocks():
    """The view alone has them; at 64 pixels the last maps are 2x2. An exact network has none."""
    network = build_network("resnet18", channels=3, num_classes=2, seed=0)

    def kinds(precision: Precision, side: int) -> dict[str, str]:
        view = view_for(precision, network, (3, side, side)).network
        return {
            name: type(each).__name__
            for name, each in view.named_modules()
            if isinstance(each, SingleOutputConv2d | TwoByTwoConv2d)
        }

    assert kinds(EXACT, 32) == {}
    single, two = SingleOutputConv2d.__name__, TwoByTwoConv2d.__name__
    assert kinds(FAST, 32) == {
        "layer3.0.conv2": two, "layer3.1.conv1": two, "layer3.1.conv2": two,
        "layer4.0.conv1": single, "layer4.0.conv2": single, "layer4.0.downsample.0": single,
        "layer4.1.conv1": single, "layer4.1.conv2": single,
    }  # fmt: skip
    assert kinds(FAST, 64) == dict.fromkeys(
        ("layer4.0.conv2", "layer4.1.conv1", "layer4.1.conv2"), two
    )
    assert type(network.layer4[0].conv1) is nn.Conv2d
