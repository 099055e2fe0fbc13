"""Takes the filters and neurons that compression emptied out of the network.

What is left computes the same logits with fewer channels, so that it is smaller and faster without
any support for sparsity. Only channels that are empty in every layer they are coupled with can go.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import (
    ChannelGraph,
    ChannelGroup,
    ImageShape,
    Norm,
    structures_of,
)
from medtui.engine.training.network import build_network
from medtui.errors import MedtuiError
from medtui.runs.shrunk_manifest import LayerChannels, Manifest

TOLERANCE = 1e-5
"""Largest difference of logits, relative to the largest logit where that is above 1."""

NUM_CHECKED = 256
"""Real images on which logits are compared."""


class NotShrinkable(MedtuiError):
    """The network without its empty channels would not be the same network."""


@dataclass(frozen=True)
class Shrunk:
    """A network without its empty channels."""

    network: nn.Module
    """In the types of the one that was shrunk, on its device, in evaluation mode."""
    layers: list[LayerChannels]
    """The width of each layer."""
    num_masked: int
    """Filters and neurons without a weight or bias before."""
    num_removed: int
    """Those among them that are gone."""
    shifted: tuple[str, ...]
    """BatchNorms that added a constant to channels that are gone; with any, logits may differ."""

    def manifest(self, architecture: str, *, channels: int, num_classes: int) -> Manifest:
        """Return what `rebuild` needs beside the weights."""
        return Manifest(architecture, channels, num_classes, self.layers)


def shrink(network: nn.Module, image_shape: ImageShape) -> Shrunk:
    """Return `network` without the channels that are empty; `check_same` tells whether it is exact.

    A layer whose every channel is empty keeps one. The network itself is left as it is.

    Raises:
        UsageError: Torch-Pruning cannot follow this network's channels.
    """
    graph = ChannelGraph(network, image_shape)
    empty = dict(structures_of(network))
    expected = {name: len(each) for name, each in empty.items()}
    shifted: set[str] = set()
    removable = [(group, _removable(group, network)) for group in graph.groups]
    for group, channels in removable:
        if not channels or not graph.remove(group, channels):
            continue
        shifted |= _shifts(group, channels, network)
        for member in group.layers:
            expected[member.name] -= len([each for each in member.shared if each in channels])
    shrunk = graph.network
    left = {name: len(each) for name, each in structures_of(shrunk)}
    assert left == expected, "Torch-Pruning removed what it was asked to"
    _restore_types(shrunk, network)
    return Shrunk(
        network=shrunk.to(next(network.parameters()).device),
        layers=layer_channels(shrunk),
        num_masked=sum(int(each.sum()) for each in empty.values()),
        num_removed=sum(map(len, empty.values())) - sum(left.values()),
        shifted=tuple(name for name, _ in network.named_modules() if name in shifted),
    )


@torch.no_grad()
def check_same(network: nn.Module, shrunk: Shrunk, images_NCHW: Tensor) -> float:
    """Compare logits on normalised images; give the largest difference.

    Both compute in float32 and evaluation mode; upcasting float16 weights rounds nothing.

    Raises:
        NotShrinkable: the logits differ by more than `TOLERANCE`.
    """
    images = images_NCHW[:NUM_CHECKED].float()
    expected, found = (_logits(each, images) for each in (network, shrunk.network))
    difference = float((expected - found).abs().max())
    allowed = TOLERANCE * max(1.0, float(expected.abs().max()))
    if difference <= allowed:
        return difference
    cause, hint = "Torch-Pruning did not follow its channels rightly", ""
    if shrunk.shifted:
        cause = f"channels without a filter get a constant in {', '.join(shrunk.shifted)}"
        hint = "A scheme with `group = true` zeroes these constants while it compresses."
    raise NotShrinkable(
        f"The shrunk network's logits differ by {difference:.2g} from the masked one's on "
        f"{len(images)} images (allowed: {allowed:.2g}): {cause}.",
        hint=hint,
    )


def rebuild(architecture: str, channels: int, num_classes: int, manifest: Manifest) -> nn.Module:
    """Return torchvision's network with the manifest's widths; its weights are to be loaded.

    Raises:
        UsageError: torchvision has no such classifier.
        NotShrinkable: the manifest is of another network.
    """
    network = build_network(architecture, channels=channels, num_classes=num_classes, seed=0)
    for layer in manifest.layers:
        try:
            module = network.get_submodule(layer.name)
        except AttributeError as error:
            raise NotShrinkable(f"{architecture} has no layer {layer.name!r}.") from error
        _resize(module, layer)
    return network.eval()


def layer_channels(network: nn.Module) -> list[LayerChannels]:
    """Return the width of each convolution, linear layer and BatchNorm, in order."""
    widths = []
    for name, module in network.named_modules():
        match module:
            case nn.Conv2d():
                found = (module.in_channels, module.out_channels, module.groups)
            case nn.Linear():
                found = (module.in_features, module.out_features, 1)
            case Norm():
                found = (module.num_features, module.num_features, 1)
            case _:
                continue
        widths.append(LayerChannels(name, *found))
    return widths


def _removable(group: ChannelGroup, network: nn.Module) -> set[int]:
    """Return the channels that are empty in every layer, less one where all are."""
    dead: list[int] = group.are_dead(network).nonzero().flatten().tolist()
    return set(dead[1:] if len(dead) == group.size else dead)


def _shifts(group: ChannelGroup, gone: set[int], network: nn.Module) -> set[str]:
    """Return the BatchNorms that turn an empty channel into a constant."""
    is_gone = torch.zeros(group.size, dtype=torch.bool)
    is_gone[list(gone)] = True
    found = set()
    for member in group.norms:
        norm = network.get_submodule(member.name)
        assert isinstance(norm, Norm)
        own = member.spread(is_gone, norm.num_features)
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


def _logits(network: nn.Module, images_NCHW: Tensor) -> Tensor:
    logits_NK: Tensor = deepcopy(network).float().eval()(images_NCHW)
    return logits_NK


def _resize(module: nn.Module, layer: LayerChannels) -> None:
    """Return a layer its width, and parameters of that width."""
    match module:
        case nn.Conv2d():
            module.in_channels, module.out_channels = layer.inputs, layer.outputs
            module.groups = layer.groups
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
        case _:
            raise NotShrinkable(f"{layer.name!r} is no convolution, linear layer or BatchNorm.")


def _replace(module: nn.Module, shapes: dict[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        tensor = getattr(module, name)
        if tensor is not None:
            tensor.data = torch.zeros(shape, dtype=tensor.dtype)
