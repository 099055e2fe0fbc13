"""Which runs repeat each other with other seeds: all other settings of theirs are equal."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtui.analysis.run_record import RunRecord
from medtui.analysis.settings import flat_settings
from medtui.preset import cell_named

SCHEME, DENSITY, STUDY = "scheme", "density", "study"
"""Settings that label a group by their values alone."""

_SEEDS = ("reference.seeds", "compress.seeds", "compress.combine")

_OF_STUDY = (
    "compress.schemes", "compress.densities", "compress.omit", "compress.control",
    "compress.custom", "data.root", "evaluate.batch_size", "evaluate.test_every",
    "evaluate.train_split", "evaluate.w_every",
)  # fmt: skip
"""Keys that say what else a study runs, where its files are, or how it is watched."""

_SECTIONS = ("data", "model", "reference", "compute", "evaluate")
"""Sections that the training of a reference depends on."""

_SECTIONS_OF_COMPRESSION = (*_SECTIONS, "compress", "lc", "guard")


@dataclass(frozen=True, order=True)
class SeedsOfRun:
    """The seeds that a run was drawn with."""

    reference: int
    compress: int


def seeds_of(entry: RunRecord) -> SeedsOfRun:
    """Return the seeds of a run's reference and of the run itself."""
    seed = entry.result.seed
    return SeedsOfRun(entry.preset.reference.seed if entry.preset else seed, seed)


def settings_without_seeds(entry: RunRecord) -> dict[str, str]:
    """Return all settings that a run's numbers depend on, its seeds aside, by dotted key."""
    found = {SCHEME: entry.result.scheme, DENSITY: _density_of(entry)}
    if entry.preset is None:
        return found | {STUDY: entry.folder.study.name}
    sections = _SECTIONS if entry.folder.is_reference else _SECTIONS_OF_COMPRESSION
    left_out = {*_SEEDS, *_OF_STUDY}
    found |= {
        key: value
        for key, value in flat_settings(entry).items()
        if key.partition(".")[0] in sections and key not in left_out
    }
    cell = cell_named(entry.preset, entry.folder.name)
    if cell is not None:
        found["operators"] = str(cell.scheme.operators)
    return found


def repetitions_of(entries: Sequence[RunRecord]) -> tuple[tuple[RunRecord, ...], ...]:
    """Return runs by the seed that repeats them: that of the reference, where several are there.

    Compressions of one reference are alike; only with one reference are they the repetitions.
    """
    seeds = {entry: seeds_of(entry) for entry in entries}
    are_references = len({each.reference for each in seeds.values()}) > 1
    found = dict[int, list[RunRecord]]()
    for entry, each in seeds.items():
        found.setdefault(each.reference if are_references else each.compress, []).append(entry)
    return tuple(tuple(each) for each in found.values())


def _density_of(entry: RunRecord) -> str:
    return "" if entry.density is None else repr(entry.density)
