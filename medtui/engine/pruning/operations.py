"""The kinds of operator: what each builds in Condensa, what it counts, and how its result is held.

`medtui.engine.pruning.schemes.operation_of` says which kind an operator of a preset is.
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
from medtui.engine.training.network import named_layers
from medtui.errors import MedtuiError
from medtui.preset import GuardSettings, StructuredPruning
from medtui.units import format_count

TIES = 1.001
"""Weights that equal the threshold all stay; trained weights hardly ever do."""

_FEW = 8
"""Likewise, where only a handful of weights stay at all."""


class TooDense(MedtuiError):
    """A model that keeps more than was asked for."""


class CondensaScheme(Protocol):
    """What `condensa.Compressor` takes for a scheme."""

    def pi(self, module: nn.Module) -> None:
        """Compress `module` in place, or only mark it in Condensa's record mode."""

    def delta(self, module: nn.Module) -> None:
        """Undo in place what can be undone, so that w can be compared with theta."""


@dataclass(frozen=True)
class Units:
    """What an operator ranks, and how many of it stay."""

    name: str
    """`filters`, `weights`."""
    total: int
    density: float
    """Share that stays."""

    @property
    def limit(self) -> int:
        """How many stay."""
        return int(self.density * self.total)


class Operation(Protocol):
    """One kind of operator."""

    def build(
        self, cell: float | None, guard: GuardSettings | None, image_shape: ImageShape | None
    ) -> CondensaScheme:
        """Return Condensa's scheme; `cell` is the density of the grid's cell."""

    def units_in(self, network: nn.Module, cell: float | None) -> Units | None:
        """Return what is ranked; None where everything stays."""

    def hold(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Compare what `built` left of a model with what was asked for.

        Raises:
            TooDense: it keeps more, or wider numbers.
        """


@dataclass(frozen=True)
class Rounding:
    """Stores weights in a narrower type; ranks nothing."""

    dtype: str
    """torch's word, which is Condensa's too: `float16`."""

    def build(
        self, cell: float | None, guard: GuardSettings | None, image_shape: ImageShape | None
    ) -> CondensaScheme:
        """Return Condensa's scheme."""
        del cell, guard, image_shape
        made: CondensaScheme = condensa.schemes.Quantize(getattr(condensa, self.dtype))
        return made

    def units_in(self, network: nn.Module, cell: float | None) -> None:
        """Return None: everything stays."""
        del network, cell

    def hold(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Compare the weights' type.

        Raises:
            TooDense: a layer has another one.
        """
        del built, cell
        for name, layer in named_layers(theta).items():
            if str(layer.weight.dtype) != f"torch.{self.dtype}":
                raise TooDense(f"{self.dtype} was asked for, but {name} has another type.")


@dataclass(frozen=True)
class WeightPruning:
    """Removes weights by themselves or in blocks, ranked over all layers together."""

    name: str
    """As presets have it."""
    own: float | None
    """The operator's density; None takes the cell's."""
    types: tuple[type[Layer], ...]
    """Layers that are pruned."""
    stock: Callable[[float], CondensaScheme]
    """Makes Condensa's scheme of a density."""
    unit: str = "weights"
    block: int = 1
    """Weights of a unit."""

    def build(
        self, cell: float | None, guard: GuardSettings | None, image_shape: ImageShape | None
    ) -> CondensaScheme:
        """Return Condensa's scheme."""
        del guard, image_shape
        return self.stock(density_of(self.own, cell))

    def units_in(self, network: nn.Module, cell: float | None) -> Units | None:
        """Return the weights, or blocks of them."""
        weights = sum(layer.weight.numel() for layer in _layers(network, self.types))
        return Units(self.unit, weights // self.block, density_of(self.own, cell))

    def hold(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Compare the weights that are not zero.

        Raises:
            TooDense: there are more than was asked for.
        """
        del built
        layers = _layers(theta, self.types)
        num_weights = sum(layer.weight.numel() for layer in layers)
        kept = sum(int((layer.weight != 0).sum()) for layer in layers)
        density = density_of(self.own, cell)
        _hold_to_limit(self.name, density, kept, int(density * num_weights), "weights")


@dataclass(frozen=True)
class StructurePruning:
    """Removes filters or neurons; with the guard, without emptying a layer."""

    name: str
    """As presets have it."""
    operator: StructuredPruning
    types: tuple[type[Layer], ...]
    """Layers that lose structures."""
    stock: Callable[..., CondensaScheme]
    """Condensa's class, used without the guard."""
    unit: str

    def build(
        self, cell: float | None, guard: GuardSettings | None, image_shape: ImageShape | None
    ) -> CondensaScheme:
        """Return Condensa's scheme, or with `guard` the one that empties no layer.

        With `group` it needs `image_shape` to trace the network with.
        """
        operator, density = self.operator, density_of(self.operator.density, cell)
        if guard is None:
            return self.stock(
                density, operator.align, criteria_named(operator.criteria), operator.prune_bias
            )
        if not operator.group:
            return GuardedPrune(operator, density, guard, self.types)
        assert image_shape is not None, "whoever groups channels knows the images"
        return GroupedPrune(operator, density, guard, self.types, image_shape)

    def units_in(self, network: nn.Module, cell: float | None) -> Units | None:
        """Return the filters or neurons."""
        total = sum(len(layer.weight) for layer in _layers(network, self.types))
        return Units(self.unit, total, density_of(self.operator.density, cell))

    def hold(self, theta: nn.Module, built: CondensaScheme, cell: float | None) -> None:
        """Compare the filters or neurons with a weight; the guard's floors and protection count.

        Raises:
            TooDense: there are more than was asked for.
        """
        density = density_of(self.operator.density, cell)
        if isinstance(built, GuardedPrune | GroupedPrune):
            layers = built.layers_of(theta)
            limit = built.most_kept([len(layer.weight) for layer in layers], density)
        else:
            layers = _layers(theta, self.types)
            limit = int(density * sum(len(layer.weight) for layer in layers))
        kept = sum(int((layer.weight.flatten(1) != 0).any(dim=1).sum()) for layer in layers)
        _hold_to_limit(self.name, density, kept, limit, self.unit)


def density_of(own: float | None, cell: float | None) -> float:
    """Return the density of an operator: its own, else that of the grid's cell."""
    density = cell if own is None else own
    assert density is not None, "the grid gives a density to every scheme that takes one"
    return density


def _layers(network: nn.Module, types: tuple[type[Layer], ...]) -> list[Layer]:
    found: Iterable[Layer] = named_layers(network).values()
    return [layer for layer in found if isinstance(layer, types)]


def _hold_to_limit(name: str, density: float, kept: int, limit: int, unit: str) -> None:
    if kept > limit * TIES + _FEW:
        raise TooDense(
            f"{name} at density {density:g} may keep {format_count(limit)} {unit}, but the model "
            f"has {format_count(kept)}; it is not passed off as compressed.",
            hint="Weights may have become infinite: lower lc.lr or lc.mu_init.",
        )
