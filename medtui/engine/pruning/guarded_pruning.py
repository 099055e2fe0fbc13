"""Structured pruning with the guard: filters are ranked over all layers, and no layer collapses."""

import math
from collections.abc import Sequence

import condensa
import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.filter_norms import (
    Layer,
    criteria_named,
    floor_of,
    is_protected,
    is_recording,
    max_kept,
    norms_of,
    open_layers,
)
from medtui.engine.pruning.following_norms import empty_norm, norms_after_layers
from medtui.engine.pruning.synflow import ROUNDS, Flow, largest, schedule
from medtui.engine.training.network import class_layer
from medtui.preset import GuardSettings, StructuredPruning

_KEPT = 0.5
"""Threshold between a removed structure's 0 and a kept structure's 1."""


class GuardedPrune:
    """Structured pruning that keeps a minimum of structures in every layer.

    Stock Condensa compares raw norms of all layers with one threshold, which empties whole layers
    whose filters are small. Here a filter's norm is divided by the mean norm of its layer, which
    makes layers of different shapes comparable, and every layer keeps a floor. Layers that match
    `protect` are not pruned, and neither is the last layer, whose outputs are the classes.
    The ranking decides how many structures a layer keeps; Condensa removes those of smallest norm.
    Synaptic flow needs no such scale: what flows through a layer is the same in all of them.
    Source of the ranking: Torch-Pruning's mean-normalised importance (Fang et al. 2023).
    """

    def __init__(
        self,
        operator: StructuredPruning,
        density: float,
        guard: GuardSettings,
        types: tuple[type[Layer], ...],
        image_shape: ImageShape | None = None,
        rounds: int = ROUNDS,
    ) -> None:
        self.density = density
        """Share of filters or neurons to keep, in all layers that are not protected."""
        self._operator = operator
        self._guard = guard
        self._types = types
        self._criteria = criteria_named(operator.criteria)
        self._image_shape = image_shape
        self._rounds = rounds
        self._norms: dict[str, str] | None = None

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        named = self._open_layers(module)
        layers = list(named.values())
        if is_recording():
            columns = [torch.zeros(0)] * len(layers)
            thresholds: Sequence[Tensor | float] = [0.0] * len(layers)
        elif self._operator.score == "synflow":
            masks = self._kept_by_flow(module, list(named))
            columns = [mask.unsqueeze(1).float() for mask in masks]
            thresholds = [_KEPT] * len(layers)
        else:
            norms = [norms_of(layer, self._criteria) for layer in layers]
            columns = [norm.unsqueeze(1) for norm in norms]
            kept = self.allocate(norms)
            thresholds = [
                torch.topk(norm, count).values[-1] for norm, count in zip(norms, kept, strict=True)
            ]
        for layer, threshold, column in zip(layers, thresholds, columns, strict=True):
            project = (
                condensa.filter_prune if isinstance(layer, nn.Conv2d) else condensa.neuron_prune
            )
            project(
                layer,
                threshold,
                align=self._operator.align,
                # Condensa's own would count unreachable taps.
                criteria=lambda *_, column=column, **__: column,
                prune_bias=self._operator.prune_bias,
            )
        self._empty_norms(module, layers)

    def delta(self, module: nn.Module) -> None:
        """Do nothing: pruning is not undone."""

    def _empty_norms(self, module: nn.Module, layers: Sequence[Layer]) -> None:
        """Zero scale and shift of the BatchNorms behind removed structures, and let L-C pull them.

        The layers are traced once: weights do not change what follows them.
        """
        is_on = self._guard.batchnorm_pull == "all" and self._operator.prune_bias
        if not is_on or self._image_shape is None:
            return
        if self._norms is None:
            self._norms = norms_after_layers(module, self._image_shape)
        for name, layer in module.named_modules():
            if name in self._norms and any(layer is each for each in layers):
                assert isinstance(layer, nn.Conv2d | nn.Linear)
                is_empty = ~(layer.weight.detach().flatten(1) != 0).any(dim=1)
                empty_norm(module.get_submodule(self._norms[name]), is_empty)

    def layers_of(self, module: nn.Module) -> list[Layer]:
        """Return the layers that may lose structures."""
        return list(self._open_layers(module).values())

    def _open_layers(self, module: nn.Module) -> dict[str, Layer]:
        outputs = class_layer(module)
        return {
            name: layer
            for name, layer in open_layers(module, self._types)
            if not is_protected(name, self._guard) and name != outputs
        }

    def _kept_by_flow(self, module: nn.Module, names: Sequence[str]) -> list[Tensor]:
        """Return masks of the structures that each layer keeps, removed in rounds."""
        assert self._image_shape is not None, "flow is traced with the image shape"
        flow = Flow(module, self._image_shape)
        masks: list[Tensor] = []
        for density in schedule(self.density, self._rounds):
            scores = list(flow.filter_scores(names).values())
            counts = self.allocate(scores, density, is_scaled=False)
            masks = [largest(each, count) for each, count in zip(scores, counts, strict=True)]
            for name, mask in zip(names, masks, strict=True):
                flow.keep(name, mask)
        return masks

    def max_kept(self, sizes: Sequence[int], density: float) -> int:
        """Return the maximum number of structures that a density allows."""
        return max_kept(sizes, density, self._guard, self._operator.align)

    def allocate(
        self, norms: Sequence[Tensor], density: float | None = None, *, is_scaled: bool = True
    ) -> list[int]:
        """Return the number of structures to keep in each layer: its floor, then by score.

        With `is_scaled`, norms are relative to their layer's where the guard says so.
        """
        sizes = [len(norm) for norm in norms]
        budget = int((self.density if density is None else density) * sum(sizes))
        if budget == 0 and sizes:
            raise RuntimeError("Provided density value causes model to be zero.")
        floors = [floor_of(size, self._guard) for size in sizes]
        is_scaled = is_scaled and self._guard.normalise == "layer-mean"
        spare = max(0, budget - sum(floors))
        above = _counts_above(norms, floors, spare, is_scaled=is_scaled)
        kept = [floor + count for floor, count in zip(floors, above, strict=True)]
        align = self._operator.align or 1
        return [
            min(size, math.ceil(count / align) * align)
            for count, size in zip(kept, sizes, strict=True)
        ]


def _counts_above(
    norms: Sequence[Tensor], floors: Sequence[int], spare: int, *, is_scaled: bool
) -> list[int]:
    """Return how many of the `spare` best structures beyond all floors each layer has.

    One sort of all layers on their device, and one copy to the host. Of equal scores the earlier
    layer's are better.
    """
    if not norms:
        return []
    scores = []
    for norm, floor in zip(norms, floors, strict=True):
        ranked = torch.sort(norm, descending=True).values[floor:].double()
        if is_scaled:
            scale = norm.mean().double()
            ranked /= torch.where(scale == 0, 1.0, scale)
        scores.append(ranked)
    sizes = torch.tensor([len(each) for each in scores])
    layers = torch.repeat_interleave(torch.arange(len(scores)), sizes).to(scores[0].device)
    best = torch.cat(scores).sort(descending=True, stable=True).indices[:spare]
    counts: list[int] = torch.bincount(layers[best], minlength=len(scores)).tolist()
    return counts
