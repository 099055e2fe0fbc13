"""Keys and values that earlier versions knew by another name, and that stay accepted.

To rename a key or a value, change its model and add one row to the root model's `former_names`. The
file is validated by its present names; messages still point to the line that was written.
"""

import copy
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from medtui.preset.toml_lines import Location

ANY = "*"
"""Stands for every key of a table or every element of an array in a dotted key."""


@dataclass(frozen=True)
class FormerNames:
    """What was renamed in one kind of document."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Dotted key as it was to its present one: `lc.iterations` to `lc.cycles`. Every `*` in the
    present key takes what the former one's `*` in that order stood for."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Dotted key, by its present name, to its renamed values: former to present."""

    def apply(self, table: MutableMapping[str, Any]) -> dict[Location, Location]:
        """Rename keys and values within `table`.

        Returns present locations and the former ones where they stand in the file. A former key
        beside its present one stays, and is then refused as unknown.
        """
        moved: dict[Location, Location] = {}
        for former, present in self.keys.items():
            for at in list(_matches(table, former.split("."))):
                to = _filled(present, former, at)
                if _move(table, at, to):
                    moved[to] = at
        for key, renamed in self.values.items():
            for at in list(_matches(table, key.split("."))):
                holder = _at(table, at[:-1])
                value = holder[at[-1]]
                if isinstance(value, str) and value in renamed:
                    holder[at[-1]] = renamed[value]
        return moved

    def is_used_in(self, table: Mapping[str, Any]) -> bool:
        """Return whether a table has a former key or value."""
        renamed = copy.deepcopy(dict(table))
        self.apply(renamed)
        return renamed != table

    def keys_within(self, table: Location) -> dict[str, str]:
        """Return the former keys of one table and their present names, dotted where they moved."""
        place = [ANY if isinstance(part, int) else part for part in table]
        return {
            former.rpartition(".")[2]: present.rpartition(".")[2]
            if present.split(".")[:-1] == former.split(".")[:-1]
            else present
            for former, present in self.keys.items()
            if _fits(place, former.split(".")[:-1])
        }


def _fits(place: list[str], pattern: list[str]) -> bool:
    return len(place) == len(pattern) and all(
        wanted in {ANY, part} for part, wanted in zip(place, pattern, strict=True)
    )


def _matches(value: Any, pattern: list[str], at: Location = ()) -> Iterator[Location]:  # noqa: ANN401 - TOML's values
    """Yield the locations within `value` that fit a pattern."""
    if not pattern:
        yield at
        return
    first, rest = pattern[0], pattern[1:]
    if isinstance(value, list) and first == ANY:
        for position, element in enumerate(value):
            yield from _matches(element, rest, (*at, position))
    elif isinstance(value, Mapping):
        for key in list(value) if first == ANY else [first] if first in value else []:
            yield from _matches(value[key], rest, (*at, key))


def _filled(present: str, former: str, at: Location) -> Location:
    stood_for = [part for part, name in zip(at, former.split("."), strict=True) if name == ANY]
    taken = iter(stood_for)
    return tuple(next(taken) if name == ANY else name for name in present.split("."))


def _move(table: MutableMapping[str, Any], at: Location, to: Location) -> bool:
    """Move a value; return whether it could, which it cannot where the new place is taken."""
    holder: Any = table
    for part in to[:-1]:
        if isinstance(holder, MutableMapping):
            holder = holder.setdefault(str(part), {})
        elif isinstance(holder, list):
            holder = holder[int(part)]
    if not isinstance(holder, MutableMapping) or to[-1] in holder:
        return False
    left = _at(table, at[:-1])
    holder[str(to[-1])] = left.pop(at[-1])
    if at[:-1] and not left and to[:-1] != at[:-1]:
        _at(table, at[:-2]).pop(at[-2])
    return True


def _at(table: Any, location: Location) -> Any:  # noqa: ANN401 - TOML's values
    for part in location:
        table = table[part]
    return table
