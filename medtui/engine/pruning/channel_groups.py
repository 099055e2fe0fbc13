"""Groups of channels that can only be removed together, by Torch-Pruning's dependency graph.

A residual addition, a depthwise convolution or a concatenation couples the output channels of
several layers: a channel can be removed from one of them only together with its counterparts. Each
group numbers its channels 0 to size - 1; a `GroupMember` maps them to the channels of one layer.
Groups depend on the architecture and not on the weights, so a network is traced only once.
Source: Fang et al. 2023 (DepGraph), arXiv 2301.12900.
"""

import warnings
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from medtui.errors import EnvironmentProblem, UsageError

Norm = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - torch's common base class
ImageShape = tuple[int, int, int]
"""Channels, height and width."""


@dataclass(frozen=True)
class GroupMember:
    """A layer's channels in a group."""

    name: str
    """Dotted module name."""
    layer_channels: tuple[int, ...]
    """Output channels of the layer that belong to the group."""
    group_channels: tuple[int, ...]
    """The group's channel for each of them, in the same order."""

    def to_layer(self, of_group: Tensor, num_layer_channels: int) -> Tensor:
        """Map a mask of the group's channels to all of the layer's; other channels are False."""
        of_layer = torch.zeros(num_layer_channels, dtype=torch.bool, device=of_group.device)
        of_layer[list(self.layer_channels)] = of_group[list(self.group_channels)]
        return of_layer

    def to_group(self, of_layer: Tensor, num_group_channels: int) -> Tensor:
        """Map a mask of the layer's channels to the group's: True where it is for all of them."""
        of_group = torch.ones(num_group_channels, dtype=torch.bool, device=of_layer.device)
        is_false = ~of_layer[list(self.layer_channels)]
        of_group[torch.tensor(self.group_channels, device=of_layer.device)[is_false]] = False
        return of_group


@dataclass(frozen=True)
class ChannelGroup:
    """Coupled channels: removing one removes it from every member."""

    size: int
    """Number of channels."""
    layers: tuple[GroupMember, ...]
    """Convolutions and linear layers that output these channels; the first is the root."""
    norms: tuple[GroupMember, ...]
    """BatchNorms of these channels."""

    @property
    def costs(self) -> Tensor:
        """Number of filters and neurons, over all layers, that each channel consists of."""
        group_channels = [channel for member in self.layers for channel in member.group_channels]
        return torch.bincount(torch.tensor(group_channels), minlength=self.size)

    def are_empty(self, network: nn.Module) -> Tensor:
        """Return a mask of the channels whose filters and biases are zero in every layer."""
        empty = torch.ones(self.size, dtype=torch.bool)
        for member in self.layers:
            layer = network.get_submodule(member.name)
            empty &= member.to_group(_are_structures_empty(layer).cpu(), self.size)
        return empty


class ChannelGraph:
    """A float32 copy of a network on the CPU, and the groups of its channels.

    Excludes groups that cannot shrink: the network's outputs, grouped convolutions other than
    depthwise ones, and channels that pass through a layer that mixes them, such as a LayerNorm.
    """

    def __init__(self, network: nn.Module, image_shape: ImageShape) -> None:
        """Trace `network` with one image.

        Raises:
            UsageError: Torch-Pruning cannot trace this network's channels.
        """
        if uncalled := uncalled_layers(network, image_shape):
            raise UsageError(
                f"Torch-Pruning cannot trace the channels of {type(network).__name__}: "
                f"{uncalled[0]} is computed by a function, and not called as a layer."
            )
        self.network = deepcopy(network).float().cpu().eval().requires_grad_()
        self._names = {module: name for name, module in self.network.named_modules()}
        pruning = import_torch_pruning()
        try:
            with warnings.catch_warnings(), torch.enable_grad():
                warnings.simplefilter("ignore")  # names parameters that are not pruned
                self._graph = pruning.DependencyGraph().build_dependency(
                    self.network, example_inputs=torch.zeros(1, *image_shape), verbose=False
                )
                found = list(self._graph.get_all_groups(root_module_types=[nn.Conv2d, nn.Linear]))
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UsageError(
                f"Torch-Pruning cannot trace the channels of {type(network).__name__}: {reason}",
                hint="ResNet, VGG, MobileNet v2, MNASNet, DenseNet and EfficientNet are supported.",
            ) from error
        self.groups: list[ChannelGroup] = [
            group for group in map(self._group, found) if group is not None
        ]

    def remove(self, group: ChannelGroup, channels: Collection[int]) -> bool:
        """Remove channels from every coupled layer; return False if that would empty a layer."""
        root = self.network.get_submodule(group.layers[0].name)
        handler = self._graph.get_pruner_of_module(root).prune_out_channels
        coupled = self._graph.get_pruning_group(root, handler, list(channels))
        if not self._graph.check_pruning_group(coupled):
            return False
        coupled.prune()
        return True

    def _group(self, found: Any) -> ChannelGroup | None:  # noqa: ANN401 - Torch-Pruning's
        """Return Torch-Pruning's group as a `ChannelGroup`; None where it cannot shrink."""
        layers: list[GroupMember] = []
        norms: list[GroupMember] = []
        for item in found.items:
            module, is_output = item.dep.target.module, self._is_output(item)
            if is_output and not item.dep.target.outputs:
                return None  # the network's output: its channels are the classes
            name = self._names.get(module)
            if name is None and not isinstance(module, nn.Parameter):
                continue  # an operation: addition, activation, pooling
            if name is None or not _can_shrink(module):
                return None
            if is_output:
                member = GroupMember(name, tuple(item.idxs), tuple(item.root_idxs))
                (norms if isinstance(module, Norm) else layers).append(member)
        size = len(found[0].idxs)
        return ChannelGroup(size, tuple(layers), tuple(norms))

    def _is_output(self, item: Any) -> bool:  # noqa: ANN401 - Torch-Pruning's
        return bool(self._graph.is_out_channel_pruning_fn(item.dep.handler))


def uncalled_layers(network: nn.Module, image_shape: ImageShape) -> list[str]:
    """Return the convolutions and linear layers whose weights a function uses directly.

    Torch-Pruning does not end on such networks (Swin's attention).
    """
    traced = deepcopy(network).float().cpu().eval()
    called = set[nn.Module]()
    layers = {
        name: module for name, module in traced.named_modules()
        if type(module) in (nn.Conv2d, nn.Linear)
    }  # fmt: skip
    for module in layers.values():
        module.register_forward_hook(lambda module, *_: called.add(module))
    with torch.no_grad():
        traced(torch.zeros(1, *image_shape))
    return [name for name, module in layers.items() if module not in called]


def empty_structures(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the name of each convolution and linear layer and a mask of its empty structures."""
    for name, module in network.named_modules():
        if type(module) in (nn.Conv2d, nn.Linear):
            yield name, _are_structures_empty(module)


def _are_structures_empty(layer: nn.Module) -> Tensor:
    """Return a mask of the filters or neurons whose weights and bias are zero."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    is_empty = ~(layer.weight.detach().flatten(1) != 0).any(dim=1)
    return is_empty if layer.bias is None else is_empty & (layer.bias.detach() == 0)


def _can_shrink(module: nn.Module) -> bool:
    """Return whether channels can be removed from a layer; grouped convolutions fix their number.

    A depthwise convolution works channel by channel, so it can shrink.
    """
    if isinstance(module, nn.Conv2d) and module.groups not in {1, module.out_channels}:
        return False
    return isinstance(module, nn.Conv2d | nn.Linear | Norm)


def import_torch_pruning() -> Any:  # noqa: ANN401 - an untyped module
    """Return Torch-Pruning's package.

    Raises:
        EnvironmentProblem: it is not installed.
    """
    try:
        import torch_pruning
    except ImportError as error:
        raise EnvironmentProblem(
            f"Torch-Pruning cannot be imported: {error}.", hint="pip install torch-pruning"
        ) from error
    return torch_pruning
