"""The order in which a study plans its runs, from its preset alone.

Letters and colours of runs follow from it. It is no matter of the folders' times: copying a study
to another machine changes those. The preset is read as a plain table, since a list of many studies
needs the order and nothing else of it.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from medtui.runs import run_names
from medtui.storage import UnreadableFile, read_bytes

MAX_BYTES = 64 * 1024
"""A longer file is no preset."""

Rank = tuple[int, ...]

T = TypeVar("T")

_CONTROL, _GRID, _SCRATCH, _OTHER = range(4)
_SLUG = re.compile(
    r"(?P<scheme>[a-z][a-z0-9_]*)(-(?P<density>[0-9.]+(e-[0-9]+)?))?(-s(?P<seed>[0-9]+))?"
    r"(-r(?P<reference>[0-9]+))?(?P<probe>-probe)?"
)


Place = tuple[tuple[bool, bool], Rank, int, str]
"""Kind of a run, its rank in the plan, the age of its preset, and its name."""


def planned_places(study: Path) -> Callable[[str], Place]:
    """Return what sorts the runs of a study, by their names, as its preset plans them.

    References are ranked by their seeds, then come controls, the grid, a network from scratch and,
    by their age, all runs that no grid names, such as samples of a search. Where the preset cannot
    be read, runs of a kind are of equal rank.
    """
    plan = _plan_in(study / "preset.toml")

    def place_of(name: str) -> Place:
        rank = plan.rank(name)
        age = _planned_at(study / name / "preset.toml") if rank == (_OTHER,) else 0
        return run_names.rank(name), rank, age, name

    return place_of


def _plan_in(preset: Path) -> "_Plan":
    try:
        found = os.stat(preset)  # noqa: PTH116 - one call for the key of the cache
    except OSError:
        return _Plan({})
    return _plan_of(preset, found.st_mtime_ns, found.st_size, found.st_ino)


def _planned_at(preset: Path) -> int:
    try:
        return preset.stat().st_mtime_ns
    except OSError:
        return 0


class _Plan:
    def __init__(self, table: Mapping[str, Any]) -> None:
        compress, reference = _table(table, "compress"), _table(table, "reference")
        self._schemes = _places(str(name).lower() for name in _list(compress, "schemes"))
        densities = _list(compress, "densities")
        self._densities = _places(float(x) for x in densities if isinstance(x, int | float))
        self._references = _places(_integers(reference, "seeds"))
        self._seeds = _places(_integers(compress, "seeds")) or self._references

    def rank(self, name: str) -> Rank:
        """Return the rank of a run by the name of its folder."""
        found = _SLUG.fullmatch(name)
        if found is None:
            return (_OTHER,)
        seeds = self._rank_of_seeds(found)
        if run_names.is_reference(name):
            return (_place(self._references, int(found["seed"] or 0)),)
        if run_names.is_control(name):
            return (_CONTROL, *seeds)
        if name == run_names.SCRATCH:
            return (_SCRATCH,)
        density = float(found["density"]) if _is_number(found["density"]) else None
        is_in_grid = found["scheme"] in self._schemes and (
            density is None or density in self._densities
        )
        if found["probe"] or not is_in_grid:
            return (_OTHER,)
        return (
            _GRID,
            self._schemes[found["scheme"]],
            -1 if density is None else self._densities[density],
            *seeds,
        )

    def _rank_of_seeds(self, found: re.Match[str]) -> Rank:
        """Return the place of a repetition: those of the first reference come first."""
        reference = -1 if found["reference"] is None else int(found["reference"])
        return (
            -1 if reference < 0 else _place(self._references, reference),
            _place(self._seeds, int(found["seed"] or 0)),
        )


@lru_cache(maxsize=10_000)
def _plan_of(preset: Path, _mtime_ns: int, _size: int, _inode: int) -> _Plan:
    import tomli

    try:
        return _Plan(tomli.loads(read_bytes(preset, MAX_BYTES).decode("utf-8-sig")))
    except (UnreadableFile, ValueError, RecursionError):
        return _Plan({})


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def _list(table: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = table.get(key)
    return found if isinstance(found, list) else []


def _integers(table: Mapping[str, Any], key: str) -> list[int]:
    return [each for each in _list(table, key) if isinstance(each, int)]


def _places(values: Iterable[T]) -> dict[T, int]:
    """Return the place of each value; a grid may have thousands, each looked up for each run."""
    found = dict[T, int]()
    for place, value in enumerate(values):
        found.setdefault(value, place)
    return found


def _place(seeds: Mapping[int, int], seed: int) -> int:
    return seeds.get(seed, len(seeds) + seed)


def _is_number(text: str | None) -> TypeGuard[str]:
    return text is not None and text.count(".") <= 1 and text.strip(".") != ""
