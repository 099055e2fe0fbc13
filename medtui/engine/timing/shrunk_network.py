"""The network that a cell's fine-tuning trains, as far as it can be known before training."""

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape, Norm
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.pruning.subnetwork import Subnetwork, subnetwork_of
from medtui.preset import Cell, Preset, finetune_epochs
from medtui.preset.finetuning import guarded_as, least_density

_SHIFT = 0.1
"""Of the BatchNorms, as trained ones have: where it stays behind an empty filter, the filter is
trained, and the network is not shrunk."""


def shrunk_cells(preset: Preset, cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Return the name of each scheme whose fine-tuning may train a smaller network to its cells.

    They are those of the lowest and of the highest density, or one where these are the same.
    """
    found = defaultdict[str, dict[float, Cell]](dict)
    if preset.guard.finetune_network == "shrunk":
        for cell in cells:
            if cell.scheme.is_structured and finetune_epochs(preset, cell):
                found[cell.scheme.name][least_density(cell)] = cell
    return {
        name: [cells_at[density] for density in sorted({min(cells_at), max(cells_at)})]
        for name, cells_at in found.items()
    }


@torch.no_grad()
def shrunk_network(
    preset: Preset, cell: Cell, network: nn.Module, image_shape: ImageShape
) -> Subnetwork | None:
    """Return the untrained network without what a cell empties; None where the whole is trained."""
    theta = deepcopy(network)
    for module in theta.modules():
        if isinstance(module, Norm) and module.bias is not None:
            module.bias.add_(_SHIFT)
    preset = guarded_as(preset, cell)
    guard = preset.guard if preset.compress.guard == "on" else None
    build_scheme(cell.scheme, cell.density, guard, image_shape, rounds=1).pi(theta)
    try:
        return subnetwork_of(theta.float(), image_shape)
    except Exception:  # noqa: BLE001 - a run trains the whole network then
        return None
