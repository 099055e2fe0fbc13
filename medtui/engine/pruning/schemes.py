"""A preset's scheme as Condensa's: its own classes, with a faster threshold and the guard.

Each scheme here subclasses Condensa's and hands the projection itself to it. In record mode, where
Condensa only marks what it would compress, no threshold is computed.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol, assert_never

import condensa
import condensa.schemes
import torch
from torch import Tensor, nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.filter_norms import (
    Layer,
    criteria_of,
    floor_of,
    is_protected,
    is_recording,
    most_kept,
    norms_of,
    open_layers,
)
from medtui.engine.pruning.group_pruning import GroupedPrune
from medtui.engine.pruning.threshold import magnitude_threshold
from medtui.preset import (
    BlockPrune,
    FilterPrune,
    GuardSettings,
    NeuronPrune,
    Operator,
    Prune,
    Quantize,
    Scheme,
    StructPrune,
)


class CondensaScheme(Protocol):
    """What `condensa.Compressor` takes for a scheme."""

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""

    def delta(self, module: nn.Module) -> None:
        """Undo in place what can be undone, so that w can be compared with theta."""


def build_scheme(
    scheme: Scheme,
    density: float | None,
    guard: GuardSettings | None,
    image_shape: ImageShape | None = None,
) -> CondensaScheme:
    """Return Condensa's scheme for a cell; without `guard` it selects exactly what Condensa does.

    Operators with `group` need the guard, and `image_shape` to trace the network with.
    """
    built = [_operator(operator, density, guard, image_shape) for operator in scheme.operators]
    composed: CondensaScheme = built[0] if len(built) == 1 else condensa.schemes.Compose(built)
    return composed


def operators_of(scheme: CondensaScheme) -> list[Any]:
    """Return a scheme's single operators, outermost first."""
    return list(getattr(scheme, "schemes", [scheme]))


def set_density(scheme: CondensaScheme, warmed: float) -> None:
    """Let every pruning operator keep at least the share `warmed`, for a cycle of warm-up."""
    for operator in operators_of(scheme):
        if hasattr(operator, "density"):
            final = operator.__dict__.setdefault("final_density", operator.density)
            operator.density = max(final, warmed)


def warmup_density(cycle: int, warmup_cycles: int, density: float) -> float:
    """Return the density of a warm-up cycle: from 1 down to `density` along a cubic.

    Source: Zhu and Gupta 2017, arXiv 1710.01878, equation 1.
    """
    if cycle >= warmup_cycles:
        return density
    return float(density + (1 - density) * (1 - (cycle + 1) / (warmup_cycles + 1)) ** 3)


def _operator(
    operator: Operator,
    cell_density: float | None,
    guard: GuardSettings | None,
    image_shape: ImageShape | None,
) -> CondensaScheme:
    match operator:
        case Quantize():
            made: CondensaScheme = condensa.schemes.Quantize(getattr(condensa, operator.dtype))
            return made
        case Prune():
            return _Prune(_density(operator.density, cell_density))
        case BlockPrune():
            return _BlockPrune(
                _density(operator.density, cell_density), operator.block, criteria_of(operator)
            )
        case FilterPrune() | NeuronPrune() | StructPrune():
            density = _density(operator.density, cell_density)
            if guard is None:
                return _stock_structured(operator, density)
            types = _TYPES[operator.op]
            if not operator.group:
                return GuardedPrune(operator, density, guard, types)
            assert image_shape is not None, "whoever groups channels knows the images"
            return GroupedPrune(operator, density, guard, types, image_shape)
        case _:
            assert_never(operator)


def _density(own: float | None, cell: float | None) -> float:
    density = cell if own is None else own
    assert density is not None, "the grid gives a density to every scheme that takes one"
    return density


def _stock_structured(
    operator: FilterPrune | NeuronPrune | StructPrune, density: float
) -> CondensaScheme:
    kind: dict[str, Any] = {
        "FilterPrune": _FilterPrune,
        "NeuronPrune": _NeuronPrune,
        "StructPrune": _StructPrune,
    }
    made: CondensaScheme = kind[operator.op](
        density, operator.align, criteria_of(operator), operator.prune_bias
    )
    return made


_TYPES: dict[str, tuple[type[Layer], ...]] = {
    "FilterPrune": (nn.Conv2d,),
    "NeuronPrune": (nn.Linear,),
    "StructPrune": (nn.Conv2d, nn.Linear),
}


class _Prune(condensa.schemes.Prune):  # type: ignore[misc] # Condensa ships no types
    def threshold(self, module: nn.Module) -> Tensor | float:
        if is_recording():
            return 0.0
        weights = [layer.weight.data.view(-1) for _, layer in open_layers(module, _LEAVES)]
        return magnitude_threshold(torch.cat(weights), self.density)


class _BlockPrune(condensa.schemes.BlockPrune):  # type: ignore[misc] # likewise
    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        return 0.0 if is_recording() else super().threshold(module)


class _FilterPrune(condensa.schemes.FilterPrune):  # type: ignore[misc] # likewise
    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        return 0.0 if is_recording() else super().threshold(module)


class _NeuronPrune(condensa.schemes.NeuronPrune):  # type: ignore[misc] # likewise
    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        return 0.0 if is_recording() else super().threshold(module)


class _StructPrune(condensa.schemes.StructurePrune):  # type: ignore[misc] # likewise
    def threshold(self, module: nn.Module) -> Any:  # noqa: ANN401 - a 0-d tensor
        return 0.0 if is_recording() else super().threshold(module)


_LEAVES: tuple[type[Layer], ...] = (nn.Conv2d, nn.Linear)


class GuardedPrune:
    """Structured pruning that empties no layer.

    Filters of all layers are ranked by norm over their layer's mean norm, which makes layers of
    different shape comparable, and every layer keeps a floor. Layers that match `protect` stay
    whole, and so does the last linear layer, whose neurons are the classes. Which of a layer's
    filters go is still their norm's to say, and Condensa removes them.
    Source of the ranking: Torch-Pruning's mean-normalised importance (Fang et al. 2023).
    """

    def __init__(
        self,
        operator: FilterPrune | NeuronPrune | StructPrune,
        density: float,
        guard: GuardSettings,
        types: tuple[type[Layer], ...],
    ) -> None:
        self.density = density
        """Share kept of the filters (neurons) that are not protected."""
        self._operator = operator
        self._guard = guard
        self._types = types
        self._criteria = criteria_of(operator)

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""
        layers = self.layers_of(module)
        if is_recording():
            thresholds: Sequence[Tensor | float] = [0.0] * len(layers)
        else:
            norms = [norms_of(layer, self._criteria) for layer in layers]
            kept = self.share_out(norms)
            thresholds = [
                torch.topk(norm, count).values[-1] for norm, count in zip(norms, kept, strict=True)
            ]
        for layer, threshold in zip(layers, thresholds, strict=True):
            project = (
                condensa.filter_prune if isinstance(layer, nn.Conv2d) else condensa.neuron_prune
            )
            project(
                layer,
                threshold,
                align=self._operator.align,
                criteria=self._criteria,
                prune_bias=self._operator.prune_bias,
            )

    def delta(self, module: nn.Module) -> None:
        """Do nothing: pruning is not undone."""

    def layers_of(self, module: nn.Module) -> list[Layer]:
        """Return the layers that may lose structures."""
        outputs = [name for name, _ in open_layers(module, (nn.Linear,))][-1:]
        return [
            layer
            for name, layer in open_layers(module, self._types)
            if not is_protected(name, self._guard) and name not in outputs
        ]

    def most_kept(self, sizes: Sequence[int], density: float) -> int:
        """Return how many structures may stay at a density."""
        return most_kept(sizes, density, self._guard, self._operator.align)

    def share_out(self, norms: Sequence[Tensor]) -> list[int]:
        """Return how many structures each layer keeps: its floor, then by rank among all layers."""
        sizes = [len(norm) for norm in norms]
        budget = int(self.density * sum(sizes))
        if budget == 0 and sizes:
            raise RuntimeError("Provided density value causes model to be zero.")
        floors = [floor_of(size, self._guard) for size in sizes]
        kept = list(floors)
        for _, layer in self._above_floors(norms, floors)[: max(0, budget - sum(floors))]:
            kept[layer] += 1
        align = self._operator.align or 1
        return [
            min(size, math.ceil(count / align) * align)
            for count, size in zip(kept, sizes, strict=True)
        ]

    def _above_floors(
        self, norms: Sequence[Tensor], floors: Sequence[int]
    ) -> list[tuple[float, int]]:
        """Return (score, layer) of every structure beyond its layer's floor, best first."""
        candidates = []
        for layer, (norm, floor) in enumerate(zip(norms, floors, strict=True)):
            scale = float(norm.mean()) if self._guard.normalise == "layer-mean" else 1.0
            ranked = torch.sort(norm, descending=True).values[floor:].tolist()
            candidates += [(value / (scale or 1.0), layer) for value in ranked]
        return sorted(candidates, key=lambda each: -each[0])
