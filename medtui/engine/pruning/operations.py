"""The kinds of operator: the Condensa scheme of each, the units it ranks, and its density check.

`medtui.engine.pruning.schemes.operation_of` returns the kind of a preset's operator.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import condensa
import condensa.schemes
from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.filter_norms import Layer, criteria_named
from medtui.engine.pruning.group_pruning import GroupedPrune
from medtui.engine.pruning.guarded_pruning import GuardedPrune
from medtui.engine.pruning.synflow import ROUNDS
from medtui.engine.pruning.weight_pruning import FlooredPrune, FlowPrune
from medtui.engine.training.network import named_layers
from medtui.errors import MedtuiError
from medtui.preset import GuardSettings, StructuredPruning
from medtui.preset.schemes import Score
from medtui.units import format_count

TIES = 1.001
"""Allowed ratio of kept weights to the limit: Condensa keeps all weights equal to the threshold."""

_FEW = 8
"""Allowed number of kept weights beyond that, for limits so small that the ratio allows none."""


class TooDense(MedtuiError):
    """A model keeps more weights, or a wider type, than requested."""


class CondensaScheme(Protocol):
    """The interface that `condensa.Compressor` expects of a scheme."""

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""

    def delta(self, module: nn.Module) -> None:
        """Undo in place the reversible part of compression, so that w and theta can be compared."""


@dataclass(frozen=True)
class Units:
    """The units that an operator ranks and removes."""

    name: str
    """Plural, such as `filters` or `weights`."""
    total: int
    density: float
    """Share to keep."""

    @property
    def limit(self) -> int:
        """Number to keep."""
        return int(self.density * self.total)


@dataclass(frozen=True)
class Setting:
    """What a scheme is built for, besides its density."""

    guard: GuardSettings | None = None
    """None is stock Condensa."""
    image_shape: ImageShape | None = None
    """Of the images; traces the network's channels and its synaptic flow."""
    rounds: int = ROUNDS
    """Rounds in which synaptic flow removes weights; fewer for a forecast."""


class Operation(Protocol):
    """One kind of operator."""

    def build(self, cell: float | None, setting: Setting) -> CondensaScheme:
        """Return Condensa's scheme; `cell` is the density of the grid's cell."""

    def units_in(self, network: nn.Module, cell: float | None) -> Units | None:
        """Return the units that are ranked; None if the operator removes nothing."""

    def check(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Check that `theta`, compressed by `built`, is as sparse as requested.

        Raises:
            TooDense: it keeps more units, or a wider type.
        """


@dataclass(frozen=True)
class Rounding:
    """Conversion of weights to a narrower type; removes nothing."""

    dtype: str
    """torch's and Condensa's name of the type: `float16`."""

    def build(self, cell: float | None, setting: Setting) -> CondensaScheme:
        """Return Condensa's scheme."""
        del cell, setting
        made: CondensaScheme = condensa.schemes.Quantize(getattr(condensa, self.dtype))
        return made

    def units_in(self, network: nn.Module, cell: float | None) -> None:
        """Return None: nothing is removed."""
        del network, cell

    def check(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Check the type of each layer's weights.

        Raises:
            TooDense: a layer has another type.
        """
        del built, cell
        for name, layer in named_layers(theta).items():
            if str(layer.weight.dtype) != f"torch.{self.dtype}":
                raise TooDense(
                    f"The weights of {name} are {layer.weight.dtype}, not {self.dtype}. "
                    "No compressed model was saved."
                )


@dataclass(frozen=True)
class WeightPruning:
    """Removal of single weights or blocks of them, ranked over all layers together."""

    name: str
    """The operator's name in presets."""
    own: float | None
    """The operator's density; None uses the cell's."""
    types: tuple[type[Layer], ...]
    """Types of the layers that are pruned."""
    stock: Callable[[float], CondensaScheme]
    """Returns Condensa's scheme for a density."""
    unit: str = "weights"
    block: int = 1
    """Number of weights in a unit."""
    score: Score = "magnitude"
    """What weights are ranked by."""

    def build(self, cell: float | None, setting: Setting) -> CondensaScheme:
        """Return Condensa's scheme, or with the guard one that keeps paths through the network."""
        density = density_of(self.own, cell)
        if setting.guard is None or self.block > 1:
            return self.stock(density)
        if self.score == "synflow":
            assert setting.image_shape is not None, "flow is traced with the image shape"
            return FlowPrune(density, setting.image_shape, setting.rounds)
        is_floored = setting.guard.floor_weights > 0
        return FlooredPrune(density, setting.guard) if is_floored else self.stock(density)

    def units_in(self, network: nn.Module, cell: float | None) -> Units | None:
        """Return the weights or blocks."""
        weights = sum(layer.weight.numel() for layer in _layers(network, self.types))
        return Units(self.unit, weights // self.block, density_of(self.own, cell))

    def check(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Check the number of nonzero weights.

        Raises:
            TooDense: more weights are nonzero than requested.
        """
        del built
        layers = _layers(theta, self.types)
        num_weights = sum(layer.weight.numel() for layer in layers)
        kept = sum(int((layer.weight != 0).sum()) for layer in layers)
        density = density_of(self.own, cell)
        _check_limit(self.name, density, kept, int(density * num_weights), "weights")


@dataclass(frozen=True)
class StructurePruning:
    """Removal of filters or neurons; with the guard, no layer is emptied."""

    name: str
    """The operator's name in presets."""
    operator: StructuredPruning
    types: tuple[type[Layer], ...]
    """Types of the layers that lose structures."""
    stock: Callable[..., CondensaScheme]
    """Condensa's class, which is used without the guard."""
    unit: str

    def build(self, cell: float | None, setting: Setting) -> CondensaScheme:
        """Return Condensa's scheme, or with the guard the one that empties no layer.

        An operator with `group` needs the image shape to trace the network.
        """
        operator, density = self.operator, density_of(self.operator.density, cell)
        guard, image_shape = setting.guard, setting.image_shape
        if guard is None:
            return self.stock(
                density, operator.align, criteria_named(operator.criteria), operator.prune_bias
            )
        if not operator.group:
            return GuardedPrune(operator, density, guard, self.types, image_shape, setting.rounds)
        assert image_shape is not None, "grouped operators are built with the image shape"
        return GroupedPrune(operator, density, guard, self.types, image_shape, setting.rounds)

    def units_in(self, network: nn.Module, cell: float | None) -> Units | None:
        """Return the filters or neurons."""
        total = sum(len(layer.weight) for layer in _layers(network, self.types))
        return Units(self.unit, total, density_of(self.operator.density, cell))

    def check(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Check the number of structures with a nonzero weight, with the guard's floors.

        Raises:
            TooDense: more weights are nonzero than requested.
        """
        density = density_of(self.operator.density, cell)
        if isinstance(built, GuardedPrune | GroupedPrune):
            layers = built.layers_of(theta)
            limit = built.max_kept([len(layer.weight) for layer in layers], density)
        else:
            layers = _layers(theta, self.types)
            limit = int(density * sum(len(layer.weight) for layer in layers))
        kept = sum(int((layer.weight.flatten(1) != 0).any(dim=1).sum()) for layer in layers)
        _check_limit(self.name, density, kept, limit, self.unit)


def density_of(own: float | None, cell: float | None) -> float:
    """Return the density of an operator: its own, or that of the grid's cell."""
    density = cell if own is None else own
    assert density is not None, "each cell of a scheme with a density has one"
    return density


def _layers(network: nn.Module, types: tuple[type[Layer], ...]) -> list[Layer]:
    found: Iterable[Layer] = named_layers(network).values()
    return [layer for layer in found if isinstance(layer, types)]


def _check_limit(name: str, density: float, kept: int, limit: int, unit: str) -> None:
    if kept > limit * TIES + _FEW:
        raise TooDense(
            f"{name} at density {density:g} may keep {format_count(limit)} {unit}, but the model "
            f"kept {format_count(kept)}. No compressed model was saved.",
            hint="Weights may have become infinite: lower lc.lr or lc.mu_init.",
        )
