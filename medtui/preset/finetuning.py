"""How long a cell is fine-tuned: as its preset says, or by its density."""

from medtui.preset.cell import Cell
from medtui.preset.guarding import GuardSettings
from medtui.preset.model import Preset
from medtui.preset.schemes import CONTROL, Pruning

SPARSE = 0.1
"""Density below which a compression is fine-tuned where the preset does not say for how long."""

SPARSE_EPOCHS = 1
"""Epochs of that fine-tuning."""


def finetune_epochs(preset: Preset, cell: Cell) -> int:
    """Return the epochs of a cell's fine-tuning after its last cycle; 0 where it is off.

    Without a number in the preset, a compression with a density below `SPARSE` is fine-tuned, and
    the control as long as the longest of the study's compressions.
    """
    if guarded_as(preset, cell).compress.guard == "off" or cell.is_scratch:
        return 0
    given = preset.guard.finetune_epochs
    if given is not None:
        return given
    if cell.scheme.name != CONTROL:
        return _epochs_at(least_density(cell))
    cells = [
        each
        for each in preset.compress.cells(preset.seed_pairs)
        if each.slug not in preset.compress.omit and guarded_as(preset, each).compress.guard == "on"
    ]
    densities = [least_density(each) for each in cells]
    if preset.search is not None:
        densities.append(preset.search.low)
    return max(map(_epochs_at, densities), default=0)


def least_density(cell: Cell) -> float:
    """Return the lowest density of a cell's operators; 1 where none removes anything."""
    densities = [
        cell.density if operator.density is None else operator.density
        for operator in cell.scheme.operators
        if isinstance(operator, Pruning)
    ]
    return min((each for each in densities if each is not None), default=1.0)


def is_automatic(preset: Preset, cell: Cell) -> bool:
    """Return whether a compression is fine-tuned because of its density."""
    is_decided = preset.guard.finetune_epochs is None
    return is_decided and finetune_epochs(preset, cell) > 0


def guard_of(preset: Preset, cell: Cell) -> GuardSettings:
    """Return the guard with the number of epochs that a cell is fine-tuned."""
    if preset.guard.finetune_epochs is not None:
        return preset.guard
    return preset.guard.model_copy(update={"finetune_epochs": finetune_epochs(preset, cell)})


def finetuned_as(preset: Preset, cell: Cell) -> Preset:
    """Return the preset with a cell's guard and the number of epochs that it is fine-tuned."""
    return guarded_as(preset, cell).model_copy(update={"guard": guard_of(preset, cell)})


def guarded_as(preset: Preset, cell: Cell) -> Preset:
    """Return the preset with the guard on or off as a cell's scheme says."""
    own = cell.scheme.guard
    if own is None or own == preset.compress.guard:
        return preset
    compress = preset.compress.model_copy(update={"guard": own})
    return preset.model_copy(update={"compress": compress})


def _epochs_at(density: float) -> int:
    return SPARSE_EPOCHS if density < SPARSE else 0
