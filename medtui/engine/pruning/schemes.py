"""Conversion of a preset's scheme to Condensa's; the only place with a case for each operator.

`medtui.engine.pruning.operations` defines the kinds of operator that the cases return.
"""

import math
from typing import Any, assert_never

import condensa.schemes
from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.filter_norms import criteria_named
from medtui.engine.pruning.operations import (
    CondensaScheme,
    Operation,
    Rounding,
    Setting,
    StructurePruning,
    WeightPruning,
)
from medtui.engine.pruning.reachable_pruning import ReachablePrune
from medtui.engine.pruning.stock_schemes import (
    ALL_LAYERS,
    RecordedBlockPrune,
    RecordedFilterPrune,
    RecordedNeuronPrune,
    RecordedPrune,
    RecordedStructPrune,
)
from medtui.engine.pruning.synflow import ROUNDS
from medtui.preset import (
    BlockPrune,
    FilterPrune,
    GuardSettings,
    NeuronPrune,
    Operator,
    Prune,
    Pruning,
    Quantize,
    Scheme,
    StructPrune,
)


def operation_of(operator: Operator) -> Operation:
    """Return the operation of a preset's operator."""
    match operator:
        case Quantize():
            return Rounding(operator.dtype)
        case Prune():
            return WeightPruning(
                operator.op, operator.density, ALL_LAYERS, RecordedPrune,
                score=operator.score or "magnitude",
            )  # fmt: skip
        case BlockPrune():
            return WeightPruning(
                operator.op,
                operator.density,
                (nn.Linear,),
                lambda density: RecordedBlockPrune(
                    density, operator.block, criteria_named(operator.criteria)
                ),
                "blocks",
                math.prod(operator.block),
            )
        case FilterPrune():
            return StructurePruning(
                operator.op, operator, (nn.Conv2d,), RecordedFilterPrune, "filters"
            )
        case NeuronPrune():
            return StructurePruning(
                operator.op, operator, (nn.Linear,), RecordedNeuronPrune, "neurons"
            )
        case StructPrune():
            return StructurePruning(
                operator.op, operator, ALL_LAYERS, RecordedStructPrune, "filters and neurons"
            )
        case _:
            assert_never(operator)


def build_scheme(
    scheme: Scheme,
    density: float | None,
    guard: GuardSettings | None,
    image_shape: ImageShape | None = None,
    rounds: int = ROUNDS,
) -> CondensaScheme:
    """Return Condensa's scheme for a cell; without `guard` it equals stock Condensa.

    Operators with `group` need the guard, and `image_shape` to trace the network. So does the
    removal of weights that no pixel reaches, which is left out without `image_shape`. `rounds` are
    those in which an operator ranks by synaptic flow.
    """
    setting = Setting(guard, image_shape, rounds)
    built = [operation_of(operator).build(density, setting) for operator in scheme.operators]
    composed: CondensaScheme = built[0] if len(built) == 1 else condensa.schemes.Compose(built)
    is_pruning = any(isinstance(operator, Pruning) for operator in scheme.operators)
    if guard is None or image_shape is None or guard.unreachable == "keep" or not is_pruning:
        return composed
    return ReachablePrune(composed, built, image_shape)


def operators_of(scheme: CondensaScheme) -> list[Any]:
    """Return the operators of a scheme in the order in which they are applied."""
    return list(getattr(scheme, "schemes", [scheme]))


def set_density(scheme: CondensaScheme, warmed: float) -> None:
    """Set each pruning operator's density to its final one or to `warmed`, if that is higher."""
    for operator in operators_of(scheme):
        if hasattr(operator, "density"):
            final = operator.__dict__.setdefault("final_density", operator.density)
            operator.density = max(final, warmed)


def warmup_density(cycle: int, warmup_cycles: int, density: float) -> float:
    """Return the density of a warm-up cycle, which falls from 1 to `density` along a cubic.

    Source: Zhu and Gupta 2017, arXiv 1710.01878, equation 1.
    """
    if cycle >= warmup_cycles:
        return density
    return float(density + (1 - density) * (1 - (cycle + 1) / (warmup_cycles + 1)) ** 3)
