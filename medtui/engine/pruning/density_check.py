"""Holds a returned model to what was asked: one denser than that is an error, not a result.

Stock L-C hands back the dense model where no cycle gave a finite loss.
"""

from torch import nn

from medtui.engine.pruning.operations import CondensaScheme
from medtui.engine.pruning.schemes import operation_of, operators_of
from medtui.preset import Cell


def hold_to_promise(theta: nn.Module, cell: Cell, scheme: CondensaScheme) -> None:
    """Check what every operator of the cell's scheme left of `theta`.

    Raises:
        TooDense: it keeps more, or wider numbers, than was asked for.
    """
    for operator, built in zip(cell.scheme.operators, operators_of(scheme), strict=True):
        operation_of(operator).hold(theta, built, cell.density)
