"""Structured pruning by groups of coupled channels: what it empties can leave the network.

The filters that a residual addition ties together stay or go as one, and the BatchNorms behind
them with them, within the projection itself: L-C and fine-tuning see the network that is shrunk.
"""

import math
from collections.abc import Sequence

import condensa
import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ChannelGraph, ChannelGroup, ImageShape, Norm
from medtui.engine.pruning.filter_norms import (
    Layer,
    criteria_named,
    floor_of,
    is_protected,
    is_recording,
    layer_named,
    most_kept,
    norms_of,
    open_layers,
)
from medtui.preset import GuardSettings, StructuredPruning

_KEPT = 0.5
"""Between a removed channel's 0 and a kept one's 1."""


class GroupedPrune:
    """Structured pruning that empties whole groups of coupled channels, and no layer.

    A channel's score is the mean, over the layers it runs through, of its filter's norm over its
    layer's mean norm. Channels of all groups are ranked together, each at the price of its filters,
    until the density's share of filters is spent; every group keeps a floor. A group stays whole
    where `protect` names all of its layers, and where a layer of another kind belongs to it.
    Source of the aggregation: Torch-Pruning's group importance (Fang et al. 2023).
    """

    def __init__(
        self,
        operator: StructuredPruning,
        density: float,
        guard: GuardSettings,
        types: tuple[type[Layer], ...],
        image_shape: ImageShape,
    ) -> None:
        self.density = density
        """Share kept of the filters (neurons) of all groups that are not protected."""
        self._operator = operator
        self._guard = guard
        self._types = types
        self._image_shape = image_shape
        self._criteria = criteria_named(operator.criteria)
        self._groups: list[ChannelGroup] | None = None

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        groups = self.groups_of(module)
        if is_recording():
            kept = [torch.ones(group.size, dtype=torch.bool) for group in groups]
        else:
            kept = self._choose(groups, [self._scores(group, module) for group in groups])
        for group, each in zip(groups, kept, strict=True):
            _project(module, group, ~each)

    def delta(self, module: nn.Module) -> None:
        """Do nothing: pruning is not undone."""

    def groups_of(self, module: nn.Module) -> list[ChannelGroup]:
        """Return the groups that may lose channels; traced once, they depend on no weight."""
        if self._groups is None:
            is_open = {name for name, _ in open_layers(module, self._types)}
            self._groups = [
                group
                for group in ChannelGraph(module, self._image_shape).groups
                if is_open.issuperset(member.name for member in group.layers)
                and not all(is_protected(member.name, self._guard) for member in group.layers)
            ]
        return self._groups

    def layers_of(self, module: nn.Module) -> list[Layer]:
        """Return the layers that may lose structures."""
        named = dict(open_layers(module, self._types))
        names = {member.name: None for group in self.groups_of(module) for member in group.layers}
        return [named[name] for name in names]

    def most_kept(self, sizes: Sequence[int], density: float) -> int:
        """Return how many structures may stay at a density."""
        return most_kept(sizes, density, self._guard, self._operator.align)

    def _scores(self, group: ChannelGroup, module: nn.Module) -> Tensor:
        """Return each channel's mean normalised norm."""
        total = torch.zeros(group.size)
        for member in group.layers:
            norms = norms_of(layer_named(module, member.name), self._criteria).float().cpu()
            scale = float(norms.mean()) if self._guard.normalise == "layer-mean" else 1.0
            shares = norms[list(member.own)] / (scale or 1.0)
            total.index_add_(0, torch.tensor(member.shared), shares)
        return total / group.prices

    def _choose(self, groups: Sequence[ChannelGroup], scores: Sequence[Tensor]) -> list[Tensor]:
        """Tell of each group's channels which stay: its floor, then by rank among all groups."""
        budget = int(self.density * sum(int(group.prices.sum()) for group in groups))
        if budget == 0 and groups:
            raise RuntimeError("Provided density value causes model to be zero.")
        orders = [torch.sort(each, descending=True, stable=True).indices for each in scores]
        counts = [floor_of(group.size, self._guard) for group in groups]
        rest = []
        for number, (group, order) in enumerate(zip(groups, orders, strict=True)):
            prices, floor = group.prices[order].tolist(), counts[number]
            budget -= sum(prices[:floor])
            ranked = scores[number][order].tolist()
            rest += [(ranked[at], number, prices[at]) for at in range(floor, group.size)]
        for _, number, price in sorted(rest, key=lambda each: -each[0]):
            if price > budget:
                break
            budget -= price
            counts[number] += 1
        return [
            _mask_of(order[: _aligned(count, self._operator.align)], group.size)
            for group, order, count in zip(groups, orders, counts, strict=True)
        ]


def _aligned(count: int, align: int | None) -> int:
    return math.ceil(count / (align or 1)) * (align or 1)


def _mask_of(channels: Tensor, size: int) -> Tensor:
    mask = torch.zeros(size, dtype=torch.bool)
    mask[channels] = True
    return mask


@torch.no_grad()
def _project(module: nn.Module, group: ChannelGroup, dead: Tensor) -> None:
    """Let Condensa remove a group's dead channels; zero them in the BatchNorms they pass.

    Scale and shift are then compressed, too, and the L step pulls w's to them: left free, BatchNorm
    would scale the filters that the penalty makes small back up.
    """
    for member in group.layers:
        layer = layer_named(module, member.name)
        is_kept = ~member.spread(dead, len(layer.weight)).to(layer.weight.device)
        column = is_kept.to(layer.weight.dtype).unsqueeze(1)
        project = condensa.filter_prune if isinstance(layer, nn.Conv2d) else condensa.neuron_prune
        project(layer, _KEPT, criteria=lambda *_, column=column, **__: column)
    for member in group.norms:
        norm = module.get_submodule(member.name)
        assert isinstance(norm, Norm)
        affine = dict(norm.named_parameters())
        norm.condense = set(affine)  # type: ignore[assignment] # Condensa's mark
        if is_recording():
            continue
        own = member.spread(dead, norm.num_features)
        for parameter in affine.values():
            parameter.data[own.to(parameter.device)] = 0
