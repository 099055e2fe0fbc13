"""The title of a run on screens and in tables: `PruneQuantize16 0.1`."""

from medtui.preset.cell import Cell
from medtui.preset.model import Preset
from medtui.units import format_density


def title_of_cell(cell: Cell, preset: Preset | None) -> str:
    """Return scheme and density, with the seed where the study has several."""
    parts = [cell.scheme.name]
    if cell.density is not None:
        parts.append(format_density(cell.density))
    if preset is not None and not cell.is_scratch:
        parts += _seeds_in(preset, cell)
    if cell.is_probe:
        parts.append("probe")
    return " ".join(parts)


def _seeds_in(preset: Preset, cell: Cell) -> list[str]:
    """Return `seed 1`, also `seed 1 of reference 2`, where the study has several seeds."""
    references = preset.reference.seeds
    reference = preset.reference.seed if cell.reference_seed is None else cell.reference_seed
    if len(references) == 1:
        return [f"seed {cell.seed}"] if len(preset.seed_pairs) > 1 else []
    return [f"seed {cell.seed}"] if cell.seed == reference else [
        f"seed {cell.seed} of reference {reference}"
    ]  # fmt: skip
