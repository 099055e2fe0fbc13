"""Check that a compressed model is as sparse as requested; a denser one is an error.

Stock Condensa returns the dense model if no cycle had a finite loss.
"""

from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.operations import CondensaScheme, WeightPruning
from medtui.engine.pruning.reachable_weights import Taps, num_unreachable
from medtui.engine.pruning.schemes import operation_of, operators_of
from medtui.engine.training.network import named_layers
from medtui.preset import Cell
from medtui.units import format_percent


def explain_unreachable(
    cell: Cell, network: nn.Module, taps: Taps, image_shape: ImageShape
) -> str | None:
    """Return a sentence if the cell may keep more weights than a pixel reaches; None otherwise.

    It is about the guard with `unreachable = "prune"`, which keeps only weights that are reached.
    """
    layers = named_layers(network)
    unreachable = sum(num_unreachable(layer, taps.get(name)) for name, layer in layers.items())
    for operator in cell.scheme.operators:
        operation = operation_of(operator)
        if not (isinstance(operation, WeightPruning) and nn.Conv2d in operation.types):
            continue  # only convolutions have unreachable weights, and filters are ranked whole
        units = operation.units_in(network, cell.density)
        if units and units.limit > units.total - unreachable:
            _, height, width = image_shape
            share = format_percent(1 - unreachable / units.total)
            return (
                f"Density {units.density:g} is above the share of weights that a pixel of a "
                f"{width}x{height} image reaches ({share}): all {units.total - unreachable:,} of "
                "them are kept, and the others are removed."
            )
    return None


def check_density(theta: nn.Module, cell: Cell, scheme: CondensaScheme) -> None:
    """Check `theta` against each operator of the cell's scheme.

    Raises:
        TooDense: it keeps more weights or structures, or a wider type, than requested.
    """
    for operator, built in zip(cell.scheme.operators, operators_of(scheme), strict=True):
        operation_of(operator).check(theta, built, cell.density)
