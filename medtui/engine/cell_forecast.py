"""The forecast of one cell of the grid: what its scheme keeps of the untrained network."""

import math
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self

from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.density_check import explain_unreachable
from medtui.engine.pruning.group_pruning import GroupedPrune
from medtui.engine.pruning.model_size import size_with_macs
from medtui.engine.pruning.multiply_adds import count_macs
from medtui.engine.pruning.operations import CondensaScheme
from medtui.engine.pruning.reachable_weights import Taps, density_reachable, reachable_taps
from medtui.engine.pruning.schemes import build_scheme, operation_of, operators_of
from medtui.engine.pruning.shrink_report import crops_kernels, measure_shrinkage
from medtui.engine.pruning.structural_pruning import shrink
from medtui.errors import UsageError
from medtui.preset import Cell, Preset, expand_grid, finetune_epochs, is_automatic
from medtui.preset.finetuning import SPARSE, guarded_as
from medtui.preset.schemes import CONTROL
from medtui.protocol.model_size import Shrinkage, Size
from medtui.protocol.preflight import CellForecast, ImpossibleCell
from medtui.units import format_percent, plural


@dataclass(frozen=True)
class UntrainedNetwork:
    """A study's network before training, with what is measured on it once for all cells."""

    network: nn.Module
    image_shape: ImageShape
    macs: dict[str, int]
    """Multiply-accumulates of each layer for one image."""
    taps: Taps

    @classmethod
    def of(cls, network: nn.Module, image_shape: ImageShape) -> Self:
        """Return the network with its measurements."""
        channels, side, _ = image_shape
        macs = count_macs(network, channels=channels, side=side)
        return cls(network, image_shape, macs, reachable_taps(network, image_shape))


_FLOW_ROUNDS = 10
"""Rounds of synaptic flow for a forecast, whose weights are untrained."""


class InvalidCell(UsageError):
    """A cell of the grid cannot work on the network."""


def forecast_grid(
    preset: Preset, untrained: UntrainedNetwork
) -> tuple[list[CellForecast], list[ImpossibleCell]]:
    """Return the forecast of each cell that can work, and why the others cannot."""
    cells, impossible = list[CellForecast](), list[ImpossibleCell]()
    for cell in expand_grid(preset):
        try:
            cells.append(forecast_cell(preset, cell, untrained))
        except InvalidCell as error:
            reason = f"{error.message.rstrip('.')}. {error.hint}".strip()
            impossible.append(ImpossibleCell(cell.slug, reason))
    return cells, impossible


def forecast_cell(preset: Preset, cell: Cell, untrained: UntrainedNetwork) -> CellForecast:
    """Return a cell's forecast.

    Raises:
        InvalidCell: the scheme cannot work on this network.
    """
    preset = guarded_as(preset, cell)
    network, image_shape = untrained.network, untrained.image_shape
    require_kept(cell, network)
    theta, scheme = _compressed(preset, cell, untrained)
    size = size_with_macs(theta, untrained.macs, untrained.taps)
    if _keeps_all(cell, size, untrained):
        raise InvalidCell(_why_whole(preset, cell, scheme, theta))
    is_cropped = crops_kernels(preset)
    unreached = explain_unreachable(cell, network, untrained.taps, image_shape)
    notes = [
        unreached if is_cropped else None,
        *(explain_whole(each, theta) for each in operators_of(scheme)),
        explain_finetuning(preset, cell),
    ]
    shrinkage = _shrinkage(theta, image_shape, is_cropped) if cell.scheme.is_structured else None
    return CellForecast(
        slug=cell.slug,
        scheme=cell.scheme.name,
        density=cell.density,
        num_weights=size.num_compressible,
        num_weights_kept=size.num_compressible_nonzero,
        num_parameters=size.num_parameters,
        layers=size.layers,
        layers_emptied=size.dead_layers,
        shrinkage=shrinkage,
        notes=[note for note in notes if note],
        num_weights_unreachable=size.num_weights_unreachable or 0,
        density_reachable=size.density_reachable,
    )


def explain_finetuning(preset: Preset, cell: Cell) -> str | None:
    """Return a sentence on fine-tuning that follows from a cell's density; None without any."""
    if not is_automatic(preset, cell) or cell.scheme.name == CONTROL:
        return None
    epochs = plural(finetune_epochs(preset, cell), "epoch")
    return f"fine-tuned for {epochs}: its density is below {SPARSE:g} (guard.finetune_epochs)"


def explain_whole(built: Any, network: nn.Module) -> str | None:  # noqa: ANN401 - any of Condensa's
    """Return a sentence where a grouped operator cannot prune some layers; None otherwise."""
    if not isinstance(built, GroupedPrune):
        return None
    share = built.share_of(network)
    if share >= _ALMOST_ALL:
        return None
    return (
        f"Density {built.density:g} applies to {format_percent(share)} of the {built.unit}. "
        f"The others stay whole: {_WHOLE}."
    )


_WHOLE = (
    "their channels pass a LayerNorm, attention or a grouped convolution, or guard.protect names "
    "all layers of their group"
)

_ALMOST_ALL = 0.95
"""Share of structures in groups from which nothing is said about the others."""


def _compressed(
    preset: Preset, cell: Cell, untrained: UntrainedNetwork
) -> tuple[nn.Module, CondensaScheme]:
    """Return a compressed copy of the network, and the scheme that compressed it.

    Raises:
        InvalidCell: the scheme cannot work on this network.
    """
    guard = preset.guard if preset.compress.guard == "on" else None
    theta = deepcopy(untrained.network)
    try:
        shape = untrained.image_shape
        scheme = build_scheme(cell.scheme, cell.density, guard, shape, _FLOW_ROUNDS)
        scheme.pi(theta)
    except (RuntimeError, TypeError) as error:
        reason = _REASONS.get(str(error), str(error))
        architecture = preset.model.architecture
        raise InvalidCell(f"{cell.slug} cannot work on {architecture}: {reason}.") from error
    except UsageError as error:
        raise InvalidCell(error.message, hint=error.hint, key=error.key) from error
    return theta, scheme


def _shrinkage(theta: nn.Module, image_shape: ImageShape, is_cropped: bool) -> Shrinkage | None:
    """Return what shrinking would remove; None if Torch-Pruning cannot trace the network."""
    try:
        return measure_shrinkage(shrink(theta, image_shape, is_cropped=is_cropped), image_shape)
    except UsageError:
        return None


_REASONS = {
    "Tensor too small for given alignment": "its `align` is larger than a layer that it prunes",
    "Block size must be divisible by tensor size": "its `block` does not divide every linear layer",
}
"""Condensa's error messages, with the wording that medtui shows instead."""


def require_kept(cell: Cell, network: nn.Module) -> None:
    """Raise if an operator keeps nothing, which Condensa reports only in the first C step.

    Raises:
        InvalidCell: a density keeps no weight or structure.
    """
    for operator in cell.scheme.operators:
        units = operation_of(operator).units_in(network, cell.density)
        if units is not None and units.total and units.limit == 0:
            raise InvalidCell(
                f"density {units.density:g} keeps none of {units.total:,} {units.name}; the "
                f"smallest that keeps one is {_round_up(1 / units.total):g}."
            )


def _round_up(density: float) -> float:
    """Return `density` rounded up to three significant digits; rounded down it keeps nothing."""
    unit = 10.0 ** (math.floor(math.log10(density)) - 2)
    return float(f"{math.ceil(density / unit) * unit:.3g}")


def _keeps_all(cell: Cell, size: Size, untrained: UntrainedNetwork) -> bool:
    """Return whether a structured cell removes nothing; an initial weight can be zero by chance."""
    if not cell.scheme.is_structured or cell.density is None or cell.density == 1:
        return False
    return size.density_reachable == density_reachable(untrained.network, untrained.taps)


def _why_whole(preset: Preset, cell: Cell, scheme: CondensaScheme, theta: nn.Module) -> str:
    """Return why a structured cell removes nothing, and what would."""
    grouped = [each for each in operators_of(scheme) if isinstance(each, GroupedPrune)]
    for each in grouped:
        if not each.groups_of(theta):
            more = " StructPruneGroup also removes neurons." if each.unit == "filters" else ""
            return (
                f"{cell.slug} would remove nothing: {preset.model.architecture} has no {each.unit} "
                f"that can be removed, since {_WHOLE}.{more}"
            )
    return (
        f"{cell.slug} would remove nothing: the guard keeps every layer whole (floors, "
        "`protect`, and the last layer, whose neurons are the classes). Lower "
        'guard.floor_channels, change guard.protect, or set compress.guard = "off".'
    )
