"""Structured pruning by groups of coupled channels: every emptied channel can be removed.

Filters that a residual addition couples are kept or removed together, with their BatchNorm
parameters, in the projection itself. So L-C and fine-tuning train the network that is later shrunk.
"""

import math
from collections.abc import Mapping, Sequence

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
    max_kept,
    norms_of,
    open_layers,
)
from medtui.engine.pruning.following_norms import empty_norm
from medtui.engine.pruning.synflow import ROUNDS, Flow, schedule
from medtui.engine.training.network import class_layer
from medtui.preset import GuardSettings, StructuredPruning

_KEPT = 0.5
"""Threshold between a removed channel's 0 and a kept channel's 1."""


class GroupedPrune:
    """Structured pruning that removes coupled channels together, and empties no layer.

    A channel's score is the mean of its filters' norms, each divided by the mean norm of its layer.
    A channel costs as many structures as it has filters in all layers. Every group keeps its floor;
    the remaining channels of all groups are kept in order of score until the budget, density times
    the number of structures, is spent. A group is not pruned if `protect` names all of its layers,
    or if one of its layers is of a type that the scheme does not prune.
    Source of the aggregation: Torch-Pruning's group importance (Fang et al. 2023).
    """

    def __init__(
        self,
        operator: StructuredPruning,
        density: float,
        guard: GuardSettings,
        types: tuple[type[Layer], ...],
        image_shape: ImageShape,
        rounds: int = ROUNDS,
    ) -> None:
        self.density = density
        """Share of filters or neurons to keep, in all groups that are not protected."""
        self._operator = operator
        self._guard = guard
        self._types = types
        self._image_shape = image_shape
        self._criteria = criteria_named(operator.criteria)
        self._rounds = rounds
        self._groups: list[ChannelGroup] | None = None

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        groups = self.groups_of(module)
        if is_recording():
            kept = [torch.ones(group.size, dtype=torch.bool) for group in groups]
        elif self._operator.score == "synflow":
            kept = self._kept_by_flow(groups, module)
        else:
            norms = self._norms(groups, module)
            scores = [self._scores(group, norms) for group in groups]
            kept = self._choose(groups, scores, self.density)
        for group, each in zip(groups, kept, strict=True):
            _project(module, group, ~each)

    def delta(self, module: nn.Module) -> None:
        """Do nothing: pruning is not undone."""

    def groups_of(self, module: nn.Module) -> list[ChannelGroup]:
        """Return the groups that may lose channels. Traced once: weights do not change them."""
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

    @property
    def unit(self) -> str:
        """The structures that are ranked, in the plural."""
        return "filters" if nn.Linear not in self._types else "filters and neurons"

    def share_of(self, module: nn.Module) -> float:
        """Return the share of the structures in groups that may lose some, classes left out."""
        layers = dict(open_layers(module, self._types))
        layers.pop(class_layer(module), None)
        found = {member.name for group in self.groups_of(module) for member in group.layers}
        in_groups = sum(len(layers[name].weight) for name in found)
        return in_groups / max(1, sum(len(layer.weight) for layer in layers.values()))

    def max_kept(self, sizes: Sequence[int], density: float) -> int:
        """Return the maximum number of structures that a density allows."""
        return max_kept(sizes, density, self._guard, self._operator.align)

    def _norms(self, groups: Sequence[ChannelGroup], module: nn.Module) -> dict[str, Tensor]:
        """Return the norms of each layer's filters on the host, copied at once."""
        names = list({member.name: None for group in groups for member in group.layers})
        if not names:
            return {}
        norms = [norms_of(layer_named(module, name), self._criteria).float() for name in names]
        copied = torch.split(torch.cat(norms).cpu(), [len(each) for each in norms])
        return dict(zip(names, copied, strict=True))

    def _scores(self, group: ChannelGroup, norms_by_layer: Mapping[str, Tensor]) -> Tensor:
        """Return the score of each of the group's channels, 1-d."""
        total = torch.zeros(group.size)
        for member in group.layers:
            norms = norms_by_layer[member.name]
            scale = float(norms.mean()) if self._guard.normalise == "layer-mean" else 1.0
            shares = norms[list(member.layer_channels)] / (scale or 1.0)
            total.index_add_(0, torch.tensor(member.group_channels), shares)
        return total / group.costs

    def _kept_by_flow(self, groups: Sequence[ChannelGroup], module: nn.Module) -> list[Tensor]:
        """Return a mask of the kept channels for each group, removed in rounds.

        A channel's score is the mean of its filters', as with norms; what flows through a layer is
        the same in all of them, so that no layer's mean is needed.
        """
        flow = Flow(module, self._image_shape)
        names = list({member.name: None for group in groups for member in group.layers})
        kept: list[Tensor] = []
        for density in schedule(self.density, self._rounds):
            by_layer = flow.filter_scores(names)
            scores = []
            for group in groups:
                total = torch.zeros(group.size, dtype=torch.float64)
                for member in group.layers:
                    found = by_layer[member.name].cpu()[list(member.layer_channels)]
                    total.index_add_(0, torch.tensor(member.group_channels), found)
                scores.append(total / group.costs)
            kept = self._choose(groups, scores, density)
            for group, each in zip(groups, kept, strict=True):
                for member in group.layers:
                    num_filters = len(by_layer[member.name])
                    flow.keep(member.name, ~member.to_layer(~each, num_filters))
        return kept

    def _choose(
        self, groups: Sequence[ChannelGroup], scores: Sequence[Tensor], density: float
    ) -> list[Tensor]:
        """Return a mask of the kept channels for each group.

        Greedy, O(C log C) in the number of channels: the floors first, then the other channels of
        all groups by score. It stops at the first channel that exceeds the budget instead of
        trying cheaper ones below it, so that a lower score never survives a higher one.
        """
        budget = int(density * sum(int(group.costs.sum()) for group in groups))
        if budget == 0 and groups:
            raise RuntimeError("Provided density value causes model to be zero.")
        orders = [torch.sort(each, descending=True, stable=True).indices for each in scores]
        counts = [floor_of(group.size, self._guard) for group in groups]
        rest = []
        for number, (group, order) in enumerate(zip(groups, orders, strict=True)):
            costs, floor = group.costs[order].tolist(), counts[number]
            budget -= sum(costs[:floor])
            ranked = scores[number][order].tolist()
            rest += [(ranked[at], number, costs[at]) for at in range(floor, group.size)]
        for _, number, cost in sorted(rest, key=lambda each: -each[0]):
            if cost > budget:
                break
            budget -= cost
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
def _project(module: nn.Module, group: ChannelGroup, empty: Tensor) -> None:
    """Zero a group's empty channels in its layers, by Condensa's functions, and in its BatchNorms.

    Condensa keeps the structures whose aggregate is above a threshold. Here `criteria` returns 1
    for kept structures and 0 for removed ones, so that its own code zeroes exactly those, biases
    included, and marks the layer as compressed.

    BatchNorm's scale and shift are marked as well, so that the L step pulls them to zero. Otherwise
    BatchNorm would scale up again the filters that the penalty makes small.
    """
    for member in group.layers:
        layer = layer_named(module, member.name)
        is_kept = ~member.to_layer(empty, len(layer.weight)).to(layer.weight.device)
        column = is_kept.to(layer.weight.dtype).unsqueeze(1)
        project = condensa.filter_prune if isinstance(layer, nn.Conv2d) else condensa.neuron_prune
        project(layer, _KEPT, criteria=lambda *_, column=column, **__: column)
    for member in group.norms:
        norm = module.get_submodule(member.name)
        assert isinstance(norm, Norm)
        empty_norm(norm, member.to_layer(empty, norm.num_features))
