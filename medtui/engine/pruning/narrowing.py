"""Networks with uniformly fewer channels than torchvision's, for training from scratch.

Torch-Pruning narrows a newly initialised network, so that layers whose channels are coupled stay
consistent. Nothing learned is left in it: its weights are values of the initial distribution.
"""

import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape, import_torch_pruning, uncalled_layers
from medtui.engine.pruning.structural_pruning import layer_channels, rebuild
from medtui.engine.training.network import class_layer, named_layers, restore_state
from medtui.errors import UsageError
from medtui.runs.shrunk_manifest import Manifest
from medtui.units import format_count

Build = Callable[[], nn.Module]
"""Returns the whole network, newly initialised, on the CPU; always with the same weights."""


class NotNarrowable(UsageError):
    """A network cannot be narrowed, or not to the requested number of parameters."""


@dataclass(frozen=True)
class Narrowed:
    """A narrowed network, newly initialised."""

    network: nn.Module
    width: float
    """Share of its channels that each layer has kept, before rounding to whole channels."""

    @property
    def num_parameters(self) -> int:
        """Number of its parameters."""
        return num_parameters(self.network)


def num_parameters(network: nn.Module) -> int:
    """Return the number of a network's parameters, zeros included."""
    return sum(parameter.numel() for parameter in network.parameters())


def narrow(build: Build, width: float, image_shape: ImageShape) -> Narrowed:
    """Return the network with the share `width` of each layer's channels; at least one of each.

    The outputs of the last layer, which are the classes, all stay. Weights are scaled so that each
    layer's outputs vary as much as those of the whole network's layer.

    Raises:
        NotNarrowable: Torch-Pruning cannot narrow this network, or it computes no logits then.
    """
    network = build().eval()
    whole = {name: layer.weight[0].numel() for name, layer in named_layers(network).items()}
    example = torch.zeros(1, *image_shape)
    if uncalled := uncalled_layers(network, image_shape):
        raise NotNarrowable(
            f"Torch-Pruning cannot narrow {type(network).__name__}: {uncalled[0]} is computed by a "
            "function, and not called as a layer.",
            hint=_HINT,
        )
    try:
        with warnings.catch_warnings(), torch.enable_grad():
            warnings.simplefilter("ignore")  # names parameters that are not pruned
            _remove_channels(network, width, example)
        with torch.no_grad():
            deepcopy(network)(example)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise NotNarrowable(
            f"Torch-Pruning cannot narrow {type(network).__name__}: {reason}.", hint=_HINT
        ) from error
    _scale(network, whole)
    return Narrowed(network, width)


def narrowest(build: Build, image_shape: ImageShape) -> Narrowed:
    """Return the network with one channel in each layer, as far as its layers allow that."""
    return narrow(build, 0.0, image_shape)


def narrow_to(build: Build, target: int, image_shape: ImageShape) -> Narrowed:
    """Return the network whose number of parameters is nearest to `target`, found by bisection.

    The bisection over the width ends where another width would change no layer by a channel.

    Raises:
        NotNarrowable: Torch-Pruning cannot narrow this network.
    """
    widest = max(len(layer.weight) for layer in named_layers(build()).values())
    low, high = narrowest(build, image_shape), Narrowed(build(), 1.0)
    while high.width - low.width > 0.5 / widest and low.num_parameters < target:
        middle = narrow(build, (low.width + high.width) / 2, image_shape)
        low, high = (low, middle) if middle.num_parameters > target else (middle, high)
    return min(low, high, key=lambda each: abs(each.num_parameters - target))


def check_target(build: Build, target: int, image_shape: ImageShape) -> Narrowed:
    """Return a network of roughly `target` parameters, without a search for the nearest.

    Raises:
        NotNarrowable: Torch-Pruning cannot narrow this network to so few parameters, it cannot be
            loaded from a file, or `target` is the whole network.
    """
    total = num_parameters(build())
    if target >= total:
        raise NotNarrowable(
            f"no compression of the grid removes any of the {format_count(total)} parameters, so "
            "there is no smaller network to train from scratch."
        )
    least = narrowest(build, image_shape).num_parameters
    if least > target:
        raise NotNarrowable(
            f"the narrowest network has {format_count(least)} parameters, more than the "
            f"{format_count(target)} that the smallest compression keeps."
        )
    return narrow(build, (target / total) ** 0.5, image_shape)


def check_loading(narrowed: Narrowed, manifest: Manifest, image_shape: ImageShape) -> None:
    """Check that the network can be built from its manifest and its state.

    Raises:
        NotNarrowable: it cannot, or computes other logits then.
    """
    example = torch.rand(2, *image_shape, generator=torch.Generator().manual_seed(0))
    try:
        loaded = rebuild(manifest.architecture, manifest.channels, manifest.num_classes, manifest)
        restore_state(loaded, narrowed.network.state_dict())
        with torch.no_grad():
            pair = [deepcopy(each).eval()(example) for each in (narrowed.network, loaded)]
        is_same = torch.equal(*pair)
    except (RuntimeError, ValueError, AttributeError, UsageError) as error:
        raise NotNarrowable(f"its narrow network cannot be stored: {error}.", hint=_HINT) from error
    if not is_same:
        raise NotNarrowable("its narrow network cannot be stored.", hint=_HINT)


def manifest_of(narrowed: Narrowed, architecture: str, channels: int, num_classes: int) -> Manifest:
    """Return the widths of a narrowed network's layers."""
    layers = layer_channels(narrowed.network, ())
    listed = {layer.name for layer in layers}
    others = {
        name: tuple(parameter.shape)
        for name, parameter in narrowed.network.named_parameters()
        if name.rpartition(".")[0] not in listed
    }
    return Manifest(architecture, channels, num_classes, layers, others)


_HINT = "Set compress.scratch = false."

_LEAST_IN_GROUP = 2
"""Channels that each group of a convolution keeps: with one, Torch-Pruning takes it for depthwise
and removes its inputs twice."""


def _remove_channels(network: nn.Module, width: float, example: Tensor) -> None:
    """Remove channels of all coupled layers but the classes; the first ones are kept.

    Which ones stay makes no difference, since all are random. A convolution in several groups loses
    as many channels of each.
    """
    graph = (
        import_torch_pruning()
        .DependencyGraph()
        .build_dependency(network, example_inputs=example, verbose=False)
    )
    outputs = network.get_submodule(class_layer(network))
    types = [nn.Conv2d, nn.Linear]
    for coupled in graph.get_all_groups(ignored_layers=[outputs], root_module_types=types):
        size, num_groups = len(coupled[0].idxs), _num_groups(coupled)
        each = size // num_groups
        kept = min(each, max(1 if num_groups == 1 else _LEAST_IN_GROUP, round(width * each)))
        gone = [first + at for first in range(0, size, each) for at in range(kept, each)]
        if gone:
            coupled.prune(gone)


def _num_groups(coupled: Any) -> int:  # noqa: ANN401 - Torch-Pruning's
    """Return the number of groups of a convolution among coupled layers, depthwise ones aside."""
    modules = [item.dep.target.module for item in coupled.items]
    return max(
        (
            module.groups
            for module in modules
            if isinstance(module, nn.Conv2d) and module.groups != module.out_channels
        ),
        default=1,
    )


@torch.no_grad()
def _scale(network: nn.Module, whole: dict[str, int]) -> None:
    """Scale the weights of layers that lost inputs; `whole` has each layer's former number."""
    for name, layer in named_layers(network).items():
        factor = (whole[name] / layer.weight[0].numel()) ** 0.5
        layer.weight.mul_(factor)
        if layer.bias is not None:
            layer.bias.mul_(factor)
