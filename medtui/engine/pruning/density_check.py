"""Check that a compressed model is as sparse as requested; a denser one is an error.

Stock Condensa returns the dense model if no cycle had a finite loss.
"""

from torch import nn

from medtui.engine.pruning.operations import CondensaScheme
from medtui.engine.pruning.schemes import operation_of, operators_of
from medtui.preset import Cell


def check_density(theta: nn.Module, cell: Cell, scheme: CondensaScheme) -> None:
    """Check `theta` against each operator of the cell's scheme.

    Raises:
        TooDense: it keeps more weights or structures, or a wider type, than requested.
    """
    for operator, built in zip(cell.scheme.operators, operators_of(scheme), strict=True):
        operation_of(operator).check(theta, built, cell.density)
