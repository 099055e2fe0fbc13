"""Removal of the filters and neurons that compression emptied.

The shrunk network computes the same logits with fewer channels, so it is smaller and faster without
support for sparsity. Only channels that are empty in every coupled layer can be removed.
"""

from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import (
    ChannelGraph,
    ChannelGroup,
    ImageShape,
    Norm,
    empty_structures,
)
from medtui.engine.pruning.kernel_crop import crop_kernels, set_kernel
from medtui.engine.training.network import build_network
from medtui.errors import MedtuiError
from medtui.runs.shrunk_manifest import LayerChannels, Manifest

TOLERANCE = 1e-5
"""Maximum difference of logits, relative to the largest logit where that is above 1."""

NUM_CHECKED = 256
"""Number of val images on which logits are compared."""


class NotShrinkable(MedtuiError):
    """A network cannot be shrunk without changing its logits."""


@dataclass(frozen=True)
class Shrunk:
    """A network without its empty channels."""

    network: nn.Module
    """On the device and in the types of the original network, in evaluation mode."""
    layers: list[LayerChannels]
    """The width of each layer, and the kernels that were cropped."""
    num_masked: int
    """Filters and neurons of the original network with neither weights nor a bias."""
    num_removed: int
    """Those of them that were removed."""
    shifted: tuple[str, ...]
    """BatchNorms that added a constant to removed channels; if any, logits may differ."""

    def manifest(self, architecture: str, *, channels: int, num_classes: int) -> Manifest:
        """Return the architecture and widths, which `rebuild` needs besides the weights."""
        return Manifest(architecture, channels, num_classes, self.layers)


def shrink(network: nn.Module, image_shape: ImageShape, *, is_cropped: bool = False) -> Shrunk:
    """Return a copy of `network` without its empty channels; `check_same` compares the two.

    With `is_cropped`, kernels lose the borders that no pixel reaches. A layer whose channels are
    all empty keeps one.

    Raises:
        UsageError: Torch-Pruning cannot trace this network's channels.
    """
    graph = ChannelGraph(network, image_shape)
    empty = dict(empty_structures(network))
    expected = {name: len(each) for name, each in empty.items()}
    shifted: set[str] = set()
    for group, channels in remove_empty(graph, network):
        shifted |= shifting_norms(group, channels, network)
        for member in group.layers:
            expected[member.name] -= sum(each in channels for each in member.group_channels)
    shrunk = graph.network
    left = {name: len(each) for name, each in empty_structures(shrunk)}
    assert left == expected, "Torch-Pruning removed exactly the requested channels"
    _restore_types(shrunk, network)
    cropped = crop_kernels(shrunk, image_shape) if is_cropped else []
    return Shrunk(
        network=shrunk.to(next(network.parameters()).device),
        layers=layer_channels(shrunk, cropped),
        num_masked=sum(int(each.sum()) for each in empty.values()),
        num_removed=sum(map(len, empty.values())) - sum(left.values()),
        shifted=tuple(name for name, _ in network.named_modules() if name in shifted),
    )


@torch.no_grad()
def check_same(network: nn.Module, shrunk: Shrunk, images_NCHW: Tensor) -> float:
    """Return the largest difference of logits on normalised images (N, C, H, W).

    Both networks run in float32 and evaluation mode; converting float16 weights is exact.

    Raises:
        NotShrinkable: the logits differ by more than `TOLERANCE`.
    """
    images = images_NCHW[:NUM_CHECKED].float()
    expected, found = (logits_of(each, images) for each in (network, shrunk.network))
    difference = float((expected - found).abs().max())
    allowed = TOLERANCE * max(1.0, float(expected.abs().max()))
    if difference <= allowed:
        return difference
    cause, hint = "Torch-Pruning did not trace its channels correctly", ""
    if shrunk.shifted:
        cause = f"{', '.join(shrunk.shifted)} add a constant to channels without filters"
        hint = "Use a scheme with `group = true`: it sets these constants to zero."
    raise NotShrinkable(
        f"The logits of the shrunk and the masked network differ by {difference:.2g} on "
        f"{len(images)} images (allowed: {allowed:.2g}): {cause}.",
        hint=hint,
    )


def rebuild(architecture: str, channels: int, num_classes: int, manifest: Manifest) -> nn.Module:
    """Return torchvision's network with the manifest's widths and weights of zero.

    Raises:
        UsageError: torchvision has no such classifier.
        NotShrinkable: the manifest belongs to another network.
    """
    network = build_network(architecture, channels=channels, num_classes=num_classes, seed=0)
    for layer in manifest.layers:
        try:
            module = network.get_submodule(layer.name)
        except AttributeError as error:
            raise NotShrinkable(f"{architecture} has no layer {layer.name!r}.") from error
        _resize(module, layer)
    for name, shape in manifest.parameters.items():
        network.get_parameter(name).data = torch.zeros(shape)
    return network.eval()


def layer_channels(network: nn.Module, cropped: Collection[str]) -> list[LayerChannels]:
    """Return the width of each convolution, linear layer and BatchNorm, in order.

    Only those of `cropped` convolutions have a kernel.
    """
    widths = []
    for name, module in network.named_modules():
        match module:
            case nn.Conv2d():
                found = (module.in_channels, module.out_channels, module.groups)
            case nn.Linear():
                found = (module.in_features, module.out_features, 1)
            case Norm():
                found = (module.num_features, module.num_features, 1)
            case nn.LayerNorm():
                found = (module.normalized_shape[-1], module.normalized_shape[-1], 1)
            case _:
                continue
        kernel = (module.kernel_size, module.padding) if name in cropped else (None, None)
        widths.append(LayerChannels(name, *found, *kernel))
    return widths


def remove_empty(
    graph: ChannelGraph, network: nn.Module
) -> Iterator[tuple[ChannelGroup, set[int]]]:
    """Remove from the graph's network the channels that are empty in `network`; yield them."""
    for group, channels in [(group, _removable(group, network)) for group in graph.groups]:
        if channels and graph.remove(group, channels):
            yield group, channels


def _removable(group: ChannelGroup, network: nn.Module) -> set[int]:
    """Return the channels that are empty in every layer; all but one if all are."""
    empty: list[int] = group.are_empty(network).nonzero().flatten().tolist()
    return set(empty[1:] if len(empty) == group.size else empty)


def shifting_norms(group: ChannelGroup, gone: set[int], network: nn.Module) -> set[str]:
    """Return the BatchNorms that turn an empty channel into a nonzero constant."""
    is_gone = torch.zeros(group.size, dtype=torch.bool)
    is_gone[list(gone)] = True
    found = set()
    for member in group.norms:
        norm = network.get_submodule(member.name)
        assert isinstance(norm, Norm)
        own = member.to_layer(is_gone, norm.num_features)
        if any(
            bool(parameter.detach().cpu()[own].any())
            for parameter in (norm.weight, norm.bias)
            if parameter is not None
        ):
            found.add(member.name)
    return found


def _restore_types(shrunk: nn.Module, network: nn.Module) -> None:
    types = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    for name, tensor in shrunk.state_dict(keep_vars=True).items():
        tensor.data = tensor.data.to(types[name])


def logits_of(network: nn.Module, images_NCHW: Tensor) -> Tensor:
    """Return the logits (N, K) of normalised images, in float32 and evaluation mode."""
    logits_NK: Tensor = deepcopy(network).float().eval()(images_NCHW)
    return logits_NK


def _resize(module: nn.Module, layer: LayerChannels) -> None:
    """Set a layer's width and replace its parameters by zeros of that width."""
    match module:
        case nn.Conv2d():
            module.in_channels, module.out_channels = layer.inputs, layer.outputs
            module.groups = layer.groups
            if layer.kernel is not None and layer.padding is not None:
                set_kernel(module, layer.kernel, layer.padding)
            shape = (layer.outputs, layer.inputs // layer.groups, *module.kernel_size)
            _replace(module, {"weight": shape, "bias": (layer.outputs,)})
        case nn.Linear():
            module.in_features, module.out_features = layer.inputs, layer.outputs
            shape = (layer.outputs, layer.inputs)
            _replace(module, {"weight": shape, "bias": (layer.outputs,)})
        case Norm():
            module.num_features = layer.outputs
            names = ("weight", "bias", "running_mean", "running_var")
            _replace(module, dict.fromkeys(names, (layer.outputs,)))
        case nn.LayerNorm():
            module.normalized_shape = (*module.normalized_shape[:-1], layer.outputs)
            _replace(module, dict.fromkeys(("weight", "bias"), module.normalized_shape))
        case _:
            raise NotShrinkable(f"{layer.name!r} is no layer with channels.")


def _replace(module: nn.Module, shapes: dict[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        tensor = getattr(module, name)
        if tensor is not None:
            tensor.data = torch.zeros(shape, dtype=tensor.dtype)
