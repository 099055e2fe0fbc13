"""Which channels of a network can only go together, by Torch-Pruning's dependency graph.

A residual addition, a depthwise convolution or a concatenation ties the output channels of several
layers: one of them can leave the network only if all of them do.
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
class Member:
    """A layer's part in a group."""

    name: str
    """Dotted module name."""
    own: tuple[int, ...]
    """Output channels of the layer."""
    shared: tuple[int, ...]
    """The group's channel that each of them is."""

    def spread(self, of_group: Tensor, num_own: int) -> Tensor:
        """Turn a truth about the group's channels into one about the layer's; others get False."""
        of_layer = torch.zeros(num_own, dtype=torch.bool, device=of_group.device)
        of_layer[list(self.own)] = of_group[list(self.shared)]
        return of_layer

    def gather(self, of_layer: Tensor, num_shared: int) -> Tensor:
        """Turn a truth about the layer's channels into one about the group's: true of all."""
        of_group = torch.ones(num_shared, dtype=torch.bool, device=of_layer.device)
        is_false = ~of_layer[list(self.own)]
        of_group[torch.tensor(self.shared, device=of_layer.device)[is_false]] = False
        return of_group


@dataclass(frozen=True)
class ChannelGroup:
    """Coupled channels: what removes one of them removes it from every member."""

    size: int
    """How many channels there are."""
    layers: tuple[Member, ...]
    """Convolutions and linear layers whose filters or neurons they are; the first is the root."""
    norms: tuple[Member, ...]
    """BatchNorms they pass."""

    @property
    def prices(self) -> Tensor:
        """How many filters and neurons of all layers each channel is."""
        shared = [channel for member in self.layers for channel in member.shared]
        return torch.bincount(torch.tensor(shared), minlength=self.size)

    def are_dead(self, network: nn.Module) -> Tensor:
        """Tell of each channel whether its filters and biases are zero in every layer."""
        dead = torch.ones(self.size, dtype=torch.bool)
        for member in self.layers:
            layer = network.get_submodule(member.name)
            dead &= member.gather(_is_empty(layer).cpu(), self.size)
        return dead


class ChannelGraph:
    """A float32 copy of a network on the CPU, and the groups its channels form.

    Groups that cannot shrink are left out: the network's outputs, grouped convolutions other than
    depthwise ones, and what passes a layer that mixes channels, such as a LayerNorm.
    """

    def __init__(self, network: nn.Module, image_shape: ImageShape) -> None:
        """Trace `network` with one image.

        Raises:
            UsageError: Torch-Pruning cannot follow this network's channels.
        """
        self.network = deepcopy(network).float().cpu().eval().requires_grad_()
        self._names = {module: name for name, module in self.network.named_modules()}
        pruning = _torch_pruning()
        try:
            with warnings.catch_warnings(), torch.enable_grad():
                warnings.simplefilter("ignore")  # it tells of parameters that it leaves alone
                self._graph = pruning.DependencyGraph().build_dependency(
                    self.network, example_inputs=torch.zeros(1, *image_shape), verbose=False
                )
                found = list(self._graph.get_all_groups(root_module_types=[nn.Conv2d, nn.Linear]))
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UsageError(
                f"Torch-Pruning cannot follow the channels of {type(network).__name__}: {reason}",
                hint="ResNet, VGG, MobileNet v2, MNASNet, DenseNet and EfficientNet can shrink.",
            ) from error
        self.groups: list[ChannelGroup] = [
            group for group in map(self._group, found) if group is not None
        ]

    def remove(self, group: ChannelGroup, channels: Collection[int]) -> bool:
        """Take channels out of every layer they reach; False where a layer would end up empty."""
        root = self.network.get_submodule(group.layers[0].name)
        handler = self._graph.get_pruner_of_module(root).prune_out_channels
        coupled = self._graph.get_pruning_group(root, handler, list(channels))
        if not self._graph.check_pruning_group(coupled):
            return False
        coupled.prune()
        return True

    def _group(self, found: Any) -> ChannelGroup | None:  # noqa: ANN401 - Torch-Pruning's
        """Return a group in our words; None where it cannot shrink."""
        layers: list[Member] = []
        norms: list[Member] = []
        for item in found.items:
            module, is_output = item.dep.target.module, self._is_output(item)
            if is_output and not item.dep.target.outputs:
                return None
            name = self._names.get(module)
            if name is None and not isinstance(module, nn.Parameter):
                continue  # an operation: addition, activation, pooling
            if name is None or not _can_shrink(module):
                return None
            if is_output:
                member = Member(name, tuple(item.idxs), tuple(item.root_idxs))
                (norms if isinstance(module, Norm) else layers).append(member)
        size = len(found[0].idxs)
        return ChannelGroup(size, tuple(layers), tuple(norms))

    def _is_output(self, item: Any) -> bool:  # noqa: ANN401 - likewise
        return bool(self._graph.is_out_channel_pruning_fn(item.dep.handler))


def structures_of(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield each convolution and linear layer with which of its filters or neurons are empty."""
    for name, module in network.named_modules():
        if type(module) in (nn.Conv2d, nn.Linear):
            yield name, _is_empty(module)


def _is_empty(layer: nn.Module) -> Tensor:
    """Tell of each filter or neuron whether its weights and its bias are zero."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    is_empty = ~(layer.weight.detach().flatten(1) != 0).any(dim=1)
    return is_empty if layer.bias is None else is_empty & (layer.bias.detach() == 0)


def _can_shrink(module: nn.Module) -> bool:
    """Whether a layer works channel by channel, or mixes any number of them."""
    if isinstance(module, nn.Conv2d) and module.groups not in {1, module.out_channels}:
        return False
    return isinstance(module, nn.Conv2d | nn.Linear | Norm)


def _torch_pruning() -> Any:  # noqa: ANN401 - an untyped module
    try:
        import torch_pruning
    except ImportError as error:
        raise EnvironmentProblem(
            f"Torch-Pruning cannot be imported: {error}.", hint="pip install torch-pruning"
        ) from error
    return torch_pruning
