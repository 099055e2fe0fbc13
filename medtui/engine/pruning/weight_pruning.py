"""Pruning of single weights other than by one threshold: with floors, or by synaptic flow."""

import math

import condensa
import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.filter_norms import Layer, is_protected, is_recording, open_layers
from medtui.engine.pruning.stock_schemes import ALL_LAYERS
from medtui.engine.pruning.synflow import ROUNDS, rank_weights
from medtui.engine.pruning.threshold import kth_largest, magnitude_threshold
from medtui.engine.training.network import class_layer
from medtui.preset import GuardSettings

_KEPT = 0.5
"""Threshold between a removed weight's 0 and a kept weight's 1."""

_FLOORS = 0.5
"""Share of all kept weights that the floors may take together."""


class FlooredPrune:
    """Condensa's `Prune` that leaves weights in every layer that all paths pass.

    One threshold over all layers empties those whose weights are small. Inside a residual block
    that costs little, since the addition bypasses it. The stem, the downsample convolutions and the
    last layer have no bypass, or change the number of channels. These, which `guard.protect` and
    the classes name, keep the share `floor_share` of their own weights, the largest ones, as long
    as one of them does not take more than the share `floor_weights` of all kept weights, and all of
    them more than half. As many weights are kept as without the floor.
    """

    def __init__(self, density: float, guard: GuardSettings) -> None:
        self.density = density
        """Share of weights to keep, in all layers."""
        self._guard = guard

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        layers = dict(open_layers(module, ALL_LAYERS))
        thresholds = dict.fromkeys(layers, 0.0) if is_recording() else self.thresholds(module)
        for name, layer in layers.items():
            condensa.prune(layer, thresholds[name])

    def delta(self, module: nn.Module) -> None:
        """Do nothing: pruning is not undone."""

    def thresholds(self, module: nn.Module) -> dict[str, float]:
        """Return the magnitude below which weights become zero, by layer.

        The floors' weights are ranked before all others; the rest of the budget is ranked over all
        layers.
        """
        layers = dict(open_layers(module, ALL_LAYERS))
        magnitudes = {name: layer.weight.detach().abs().view(-1) for name, layer in layers.items()}
        budget = int(self.density * sum(map(len, magnitudes.values())))
        lowest = {
            name: kth_largest([magnitudes[name]], floor)
            for name, floor in self._floors(module, magnitudes, budget).items()
        }
        ranked = [
            each.masked_fill(each >= lowest[name], torch.inf) if name in lowest else each
            for name, each in magnitudes.items()
        ]
        shared = magnitude_threshold(ranked, self.density)
        return {
            name: float(min(shared, lowest[name]) if name in lowest else shared) for name in layers
        }

    def _floors(
        self, module: nn.Module, magnitudes: dict[str, Tensor], budget: int
    ) -> dict[str, int]:
        """Return the number of weights that each layer with a floor keeps at least."""
        last, guard = class_layer(module), self._guard
        floored = [name for name in magnitudes if name == last or is_protected(name, guard)]
        most = int(budget * min(guard.floor_weights, _FLOORS / max(1, len(floored))))
        floors = {}
        for name in floored:
            share = math.ceil(guard.floor_share * len(magnitudes[name]))
            floors[name] = min(most, share, int(torch.count_nonzero(magnitudes[name])))
        return {name: floor for name, floor in floors.items() if floor > 0}


class FlowPrune:
    """Removes single weights by their synaptic flow, which keeps paths from image to logits.

    The floor for single weights is not applied: paths through the layers that it is for stay.
    """

    def __init__(self, density: float, image_shape: ImageShape, rounds: int = ROUNDS) -> None:
        self.density = density
        """Share of weights to keep, in all layers."""
        self._image_shape = image_shape
        self._rounds = rounds

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        layers = dict(open_layers(module, ALL_LAYERS))
        if is_recording():
            for layer in layers.values():
                condensa.prune(layer, 0.0)
            return
        masks = rank_weights(module, list(layers), self.density, self._image_shape, self._rounds)
        for name, layer in layers.items():
            _project(layer, masks[name])

    def delta(self, module: nn.Module) -> None:
        """Do nothing: pruning is not undone."""


def _project(layer: Layer, mask: Tensor) -> None:
    """Zero the weights that a mask does not name, by Condensa's function for blocks of one weight.

    Its `criteria` returns 1 for kept weights and 0 for removed ones.
    """
    column = mask.view(-1, 1).to(layer.weight.dtype)
    block = (1,) * layer.weight.dim()
    condensa.blockprune(layer, _KEPT, block, lambda *_, **__: column)
