"""A preset's runs: the cells of its grid, and the samples that its searches may ask for."""

import re

from medtui.preset.cell import Cell
from medtui.preset.model import Preset


def expand_grid(preset: Preset) -> list[Cell]:
    """Give the cells that are run: schemes x densities x seeds, less what the preset omits."""
    omitted = set(preset.compress.omit)
    return [cell for cell in preset.compress.cells() if cell.slug not in omitted]


def cell_named(preset: Preset, slug: str) -> Cell | None:
    """Give the cell of a run's folder name, of the grid or a search's sample; None for others."""
    found = _SLUG.fullmatch(slug)
    if found is None:
        return None
    schemes = preset.compress.known_schemes().values()
    scheme = next((each for each in schemes if each.name.lower() == found["scheme"]), None)
    if scheme is None:
        return None
    density = float(found["density"]) if found["density"] else None
    cell = Cell(scheme, density, int(found["seed"] or 0), is_probe=bool(found["probe"]))
    return cell if cell.slug == slug and scheme.takes_density == (density is not None) else None


_SLUG = re.compile(
    r"(?P<scheme>[a-z][a-z0-9_]*)(-(?P<density>[0-9.]+(e-[0-9]+)?))?(-s(?P<seed>[0-9]+))?"
    r"(?P<probe>-probe)?"
)


def count_runs(preset: Preset) -> int:
    """Count the runs a study may have at most: reference, grid, and samples of its searches."""
    search = preset.search
    samples = search.budget * len(search.scheme) if search else 0
    return 1 + len(expand_grid(preset)) + samples


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
    lc = preset.lc
    if cell.is_probe:
        assert preset.search is not None, "a search alone asks for probes"
        lc = lc.model_copy(update={"cycles": preset.search.probe_cycles})
    return preset.model_copy(update={"compress": compress, "lc": lc, "search": None})
