"""A preset's grid: which runs a study is made of."""

from medtui.preset.cell import Cell
from medtui.preset.model import Preset


def expand_grid(preset: Preset) -> list[Cell]:
    """Give the cells that are run: schemes x densities x seeds, less what the preset omits."""
    omitted = set(preset.compress.omit)
    return [cell for cell in preset.compress.cells() if cell.slug not in omitted]


def preset_for(preset: Preset, cell: Cell) -> Preset:
    """Narrow a preset to one cell: running it repeats that run and nothing else."""
    compress = preset.compress.model_copy(
        update={
            "schemes": (cell.scheme.name,),
            "densities": preset.compress.densities if cell.density is None else (cell.density,),
            "seeds": (cell.seed,),
            "omit": (),
        }
    )
    return preset.model_copy(update={"compress": compress})
