"""A preset's grid: which runs a study is made of."""

from dataclasses import dataclass

from medtui.preset.model import Preset
from medtui.preset.schemes import Scheme


@dataclass(frozen=True)
class Cell:
    """One run's place in the grid."""

    scheme: Scheme
    """What compresses."""
    density: float | None
    """Share kept; None where the scheme takes none."""
    seed: int
    """Seed of the run's data order and augmentation."""

    @property
    def slug(self) -> str:
        """The run's folder name within its study: `prune-0.1`, `quantize16`, `prune-0.1-s3`."""
        parts = [self.scheme.name.lower()]
        if self.density is not None:
            parts.append(repr(self.density).replace("e-0", "e-"))
        if self.seed:
            parts.append(f"s{self.seed}")
        return "-".join(parts)


def expand_grid(preset: Preset) -> list[Cell]:
    """Span schemes x densities x seeds; a scheme without density has one cell per seed."""
    return [
        Cell(scheme, density, seed)
        for scheme in map(preset.compress.scheme, preset.compress.schemes)
        for density in (preset.compress.densities if scheme.takes_density else (None,))
        for seed in preset.compress.seeds
    ]


def preset_for(preset: Preset, cell: Cell) -> Preset:
    """Narrow a preset to one cell: running it repeats that run and nothing else."""
    compress = preset.compress.model_copy(
        update={
            "schemes": (cell.scheme.name,),
            "densities": preset.compress.densities if cell.density is None else (cell.density,),
            "seeds": (cell.seed,),
        }
    )
    return preset.model_copy(update={"compress": compress})
