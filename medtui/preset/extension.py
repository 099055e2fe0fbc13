"""What can be added to a study that exists: schemes, densities, seeds and external data sets.

What its runs have been computed with cannot change: they would no longer be what the preset says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tomli

from medtui.errors import UsageError
from medtui.preset.file import anchor_paths, dump_preset
from medtui.preset.grid import expand_grid, preset_for
from medtui.preset.model import Preset
from medtui.preset.overrides import apply_overrides
from medtui.preset.toml import Source, validate
from medtui.preset.toml_lines import Location
from medtui.units import plural

_LISTS: frozenset[Location] = frozenset(
    {
        ("compress", "schemes"), ("compress", "densities"), ("compress", "seeds"),
        ("compress", "custom"), ("compress", "omit"), ("reference", "seeds"), ("external",),
    }
)  # fmt: skip
"""Keys whose lists can grow."""


def extend_preset(preset: Preset, overrides: Sequence[str], origin: str) -> Preset:
    """Return the preset with what `KEY=VALUE` settings add to its lists.

    A list names what is added; what the preset has already may be repeated. `origin` names the
    study in messages.

    Raises:
        UsageError: a key cannot grow, nothing is added, or a run of the grid would be another one.
        DocumentError: a value is not allowed.
    """
    asked: dict[str, Any] = {}
    options = apply_overrides(asked, overrides, Preset.former_names)
    table = tomli.loads(dump_preset(preset))
    for location, option in options.items():
        if location not in _LISTS:
            raise UsageError(
                f"{option}: this cannot change in a study that exists.",
                hint=f"{', '.join(sorted('.'.join(map(str, each)) for each in _LISTS))} can grow. "
                "For other settings start a new study.",
            )
        _grow(table, location, _at(asked, location), _present(preset, location))
    extended = anchor_paths(validate(Preset, table, Source(origin, "", options)))
    _require_same_runs(preset, extended)
    if extended == preset:
        raise UsageError(f"{origin} has all of it already.")
    return extended


def describe_extension(preset: Preset, extended: Preset) -> str:
    """Return in words what an extended preset has more than the preset."""
    num_references = len(extended.reference.seeds) - len(preset.reference.seeds)
    num_cells = len(expand_grid(extended)) - len(expand_grid(preset))
    num_sites = len(extended.external) - len(preset.external)
    parts = [
        plural(number, word)
        for number, word in (
            (num_references, "reference"), (num_cells, "run"), (num_sites, "external data set"),
        ) if number
    ]  # fmt: skip
    return ", ".join(parts) or "nothing to run"


def _present(preset: Preset, location: Location) -> list[Any]:
    """Return what a list holds, also where the preset leaves it out."""
    if location == ("compress", "seeds") and preset.compress.seeds is None:
        return list(preset.reference.seeds)
    found = _at(tomli.loads(dump_preset(preset)), location)
    return list(found) if isinstance(found, list) else []


def _grow(table: dict[str, Any], location: Location, added: object, present: list[Any]) -> None:
    """Put a list with what is added behind what is present into the table."""
    if not isinstance(added, list):
        added = [added]
    grown = [*present, *(each for each in added if each not in present)]
    for part in location[:-1]:
        table = table.setdefault(str(part), {})
    table[str(location[-1])] = grown


def _at(table: Mapping[str, Any], location: Location) -> object:
    found: object = table
    for part in location:
        found = found.get(str(part)) if isinstance(found, Mapping) else None
    return found


def _require_same_runs(preset: Preset, extended: Preset) -> None:
    """Do nothing where each cell of the grid is also one of the extended grid, and the same.

    Raises:
        UsageError: one is not.
    """
    grown = {cell.slug: cell for cell in expand_grid(extended)}
    for cell in expand_grid(preset):
        if cell.slug not in grown:
            raise UsageError(f"{cell.slug} would no longer be a run of the study.")
        before, after = preset_for(preset, cell), preset_for(extended, grown[cell.slug])
        if after.model_copy(update={"external": before.external}) != before:
            raise UsageError(f"{cell.slug} would have other settings than it was computed with.")
