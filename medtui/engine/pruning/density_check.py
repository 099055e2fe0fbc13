"""Holds a returned model to what was asked: one denser than that is an error, not a result.

Stock L-C hands back the dense model where no cycle gave a finite loss.
"""

from torch import nn

from medtui.engine.pruning.filter_norms import Layer
from medtui.engine.pruning.group_pruning import GroupedPrune
from medtui.engine.pruning.schemes import CondensaScheme, GuardedPrune, operators_of
from medtui.engine.training.network import named_layers
from medtui.errors import MedtuiError
from medtui.preset import BlockPrune, Cell, Operator, Prune, Quantize
from medtui.units import format_count

TIES = 1.001
"""Weights that equal the threshold all stay; trained weights hardly ever do."""

_FEW = 8
"""Likewise, where only a handful of weights stay at all."""


class TooDense(MedtuiError):
    """A model that keeps more than was asked for."""


def hold_to_promise(theta: nn.Module, cell: Cell, scheme: CondensaScheme) -> None:
    """Check what every operator of the cell's scheme left of `theta`.

    Raises:
        TooDense: it keeps more, or wider numbers, than was asked for.
    """
    for operator, built in zip(cell.scheme.operators, operators_of(scheme), strict=True):
        if isinstance(operator, Quantize):
            _hold_to_type(theta, operator)
            continue
        density = operator.density or cell.density or 1.0
        kept, limit, unit = _kept(theta, operator, built, density)
        if kept > limit * TIES + _FEW:
            raise TooDense(
                f"{operator.op} at density {density:g} may keep {format_count(limit)} {unit}, "
                f"but the model has {format_count(kept)}; it is not passed off as compressed.",
                hint="Weights may have become infinite: lower lc.lr or lc.mu_init.",
            )


def _hold_to_type(theta: nn.Module, operator: Quantize) -> None:
    wide = [
        name
        for name, layer in named_layers(theta).items()
        if str(layer.weight.dtype) != f"torch.{operator.dtype}"
    ]
    if wide:
        raise TooDense(f"{operator.dtype} was asked for, but {wide[0]} has another type.")


def _kept(
    theta: nn.Module, operator: Operator, built: CondensaScheme, density: float
) -> tuple[int, int, str]:
    """Return what is left of an operator's units, how many may be, and what they are called."""
    if isinstance(operator, Prune | BlockPrune):
        layers = _layers(theta, convolutions=isinstance(operator, Prune))
        num_weights = sum(layer.weight.numel() for layer in layers)
        kept = sum(int((layer.weight != 0).sum()) for layer in layers)
        return kept, int(density * num_weights), "weights"
    if isinstance(built, GuardedPrune | GroupedPrune):
        layers = built.layers_of(theta)
        limit = built.most_kept([len(layer.weight) for layer in layers], density)
    else:
        layers = _layers(
            theta, convolutions=operator.op != "NeuronPrune", linear=operator.op != "FilterPrune"
        )
        limit = int(density * sum(len(layer.weight) for layer in layers))
    kept = sum(int((layer.weight.flatten(1) != 0).any(dim=1).sum()) for layer in layers)
    return kept, limit, "filters and neurons"


def _layers(theta: nn.Module, *, convolutions: bool, linear: bool = True) -> list[Layer]:
    return [
        layer
        for layer in named_layers(theta).values()
        if (convolutions if isinstance(layer, nn.Conv2d) else linear)
    ]
