"""A preset's runs: the cells of its grid, and the possible samples of its searches."""

import re
from collections.abc import Sequence

from medtui.metrics import metric_named
from medtui.preset.cell import Cell
from medtui.preset.computing import FAST_TEST_EVERY
from medtui.preset.finetuning import guard_of, guarded_as
from medtui.preset.model import Preset
from medtui.preset.schemes import SCRATCH, scratch_scheme
from medtui.preset.searching import Objective
from medtui.units import plural

_BEST: dict[Objective, str] = {
    "size": "the smallest density",
    "macs": "the density with the fewest multiply-accumulates",
    "latency": "the density with the lowest latency at batch 1",
    "throughput": "the density with the highest throughput",
    "memory": "the density with the least memory",
}


def expand_grid(preset: Preset) -> list[Cell]:
    """Return the cells that are run: the controls, then `grid_cells`."""
    return [*controls_of(preset), *grid_cells(preset)]


def grid_cells(preset: Preset) -> list[Cell]:
    """Return the compressions: schemes x densities x pairs of seeds, less what is omitted."""
    omitted = set(preset.compress.omit)
    cells = preset.compress.cells(preset.seed_pairs)
    return [cell for cell in cells if cell.slug not in omitted]


def omit_runs(preset: Preset, slugs: Sequence[str]) -> Preset:
    """Return the preset without these cells of its grid."""
    if not slugs:
        return preset
    omit = (*preset.compress.omit, *slugs)
    compress = preset.compress.model_copy(update={"omit": omit})
    return preset.model_copy(update={"compress": compress})


def controls_of(preset: Preset) -> list[Cell]:
    """Return the dense controls, one for each pair of seeds."""
    return preset.compress.controls(preset.seed_pairs)


def scratch_cells(preset: Preset) -> list[Cell]:
    """Return the cell of the network that is trained from scratch; none where it is off."""
    if not preset.compress.scratch:
        return []
    return [Cell(scratch_scheme(), None, preset.reference.seed, is_scratch=True)]


def cell_named(preset: Preset, slug: str) -> Cell | None:
    """Return the cell of a run's folder name; None for the reference and unknown names."""
    if slug == SCRATCH and preset.compress.scratch:
        return scratch_cells(preset)[0]
    found = _SLUG.fullmatch(slug)
    if found is None:
        return None
    schemes = preset.compress.known_schemes().values()
    scheme = next((each for each in schemes if each.name.lower() == found["scheme"]), None)
    if scheme is None:
        return None
    density = float(found["density"]) if found["density"] else None
    reference = int(found["reference"]) if found["reference"] else None
    seed, is_probe = int(found["seed"] or 0), bool(found["probe"])
    cell = Cell(scheme, density, seed, reference, is_probe=is_probe)
    return cell if cell.slug == slug and scheme.takes_density == (density is not None) else None


_SLUG = re.compile(
    r"(?P<scheme>[a-z][a-z0-9_]*)(-(?P<density>[0-9.]+(e-[0-9]+)?))?(-s(?P<seed>[0-9]+))?"
    r"(-r(?P<reference>[0-9]+))?(?P<probe>-probe)?"
)


def count_runs(preset: Preset) -> int:
    """Return the largest number of runs of a study, with the samples of searches."""
    search = preset.search
    samples = search.budget * len(search.scheme) if search else 0
    return (
        len(preset.reference.seeds)
        + len(expand_grid(preset))
        + samples
        + len(scratch_cells(preset))
    )


def describe_count(preset: Preset) -> str:
    """Return the number of a study's runs; a search may end before its budget does."""
    return f"{'at most ' if preset.search else ''}{count_runs(preset)}"


def describe_compressions(preset: Preset, word: str = "compression") -> str:
    """Return the number of runs without the references, in words."""
    num_scratch = len(scratch_cells(preset))
    count = count_runs(preset) - len(preset.reference.seeds) - num_scratch
    at_most = "at most " if preset.search else ""
    return f"{at_most}{plural(count, word)}{' and a network from scratch' * num_scratch}"


def describe_searches(preset: Preset) -> str:
    """Return what a preset's searches look for and their largest cost; empty without a search."""
    search = preset.search
    if search is None:
        return ""
    metric = metric_named(search.metric) if search.metric else None
    held = metric.label if metric else "the primary metric"
    num_probes = search.num_probes(preset.lc.cycles)
    cost = f"at most {search.budget} runs{' each' if len(search.scheme) > 1 else ''}"
    if num_probes:
        cost += f", {num_probes} of them with {search.probe_cycles} cycles"
    return (
        f"{', '.join(search.scheme)}: {_BEST[search.objective]} from {search.low:g} to "
        f"{search.high:g} that loses at most {search.eps:g} of {held} on val; {cost}"
    )


def preset_for(preset: Preset, cell: Cell) -> Preset:
    """Return a preset with one cell only: running it repeats that run and nothing else.

    The size of a network from scratch follows from the compressions, so its preset keeps them.
    """
    if cell.is_scratch:
        return preset
    compress = guarded_as(preset, cell).compress.model_copy(
        update={
            "schemes": (cell.scheme.name,),
            "densities": preset.compress.densities if cell.density is None else (cell.density,),
            "seeds": (cell.seed,),
            "combine": "pairs",
            "omit": (),
            "control": False,
            "scratch": False,
        }
    )
    lc = preset.lc
    if cell.is_probe:
        assert preset.search is not None, "only a search has low-fidelity runs"
        lc = lc.model_copy(update={"cycles": preset.search.probe_cycles})
    reference = _with_reference_seed(preset, cell.reference_seed).reference
    guard = guard_of(preset, cell)
    update = {
        "compress": compress, "reference": reference, "lc": lc, "guard": guard, "search": None,
    }  # fmt: skip
    return preset.model_copy(update=update)


def preset_for_reference(preset: Preset, seed: int | None) -> Preset:
    """Return the preset of one of a study's references: that of a seed, or without it the first.

    The first reference has the study's own preset.
    """
    if seed is None:
        return preset
    narrowed = _with_reference_seed(preset, seed)
    names = [cell.slug for cell in narrowed.compress.cells(narrowed.seed_pairs)]
    omit = tuple(name for name in preset.compress.omit if name in names)
    omit = () if len(omit) == len(names) else omit
    compress = narrowed.compress.model_copy(update={"omit": omit})
    return narrowed.model_copy(update={"compress": compress})


def _with_reference_seed(preset: Preset, seed: int | None) -> Preset:
    seeds = (preset.reference.seed if seed is None else seed,)
    reference = preset.reference.model_copy(update={"seeds": seeds})
    return preset.model_copy(update={"reference": reference})


def test_every(preset: Preset, *, is_compression: bool) -> int:
    """Return the cycles of a compression, or the epochs of a training, from one test to the next.

    Test is also evaluated in the first and the last one.
    """
    is_fast = preset.is_fast_somewhere if is_compression else preset.is_fast
    return preset.evaluate.test_every or (FAST_TEST_EVERY if is_fast else 1)


def tunes_last(preset: Preset) -> bool:
    """Return whether the last cycle is fine-tuned beside the best one, to keep the better.

    The preset is that of one run, whose number of epochs is known.
    """
    is_tuned = preset.compress.guard == "on" and bool(preset.guard.finetune_epochs)
    return is_tuned and preset.lc.keep == "finetuned" and preset.lc.cycles > 1
