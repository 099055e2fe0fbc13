"""Integers that TOML cannot represent. Only `preset.toml` imports it."""

from collections.abc import Iterator, Mapping

from medtui.preset.toml_lines import Location

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
"""TOML's integers have 64 bits. Python reads longer ones, which neither torch nor a file takes."""


def long_integers(value: object, at: Location = ()) -> Iterator[Location]:
    """Yield where a table has integers of more than 64 bits."""
    match value:
        case Mapping():
            for key, each in value.items():
                yield from long_integers(each, (*at, key))
        case list() | tuple():
            for position, each in enumerate(value):
                yield from long_integers(each, (*at, position))
        case int() if not MIN_INTEGER <= value <= MAX_INTEGER:
            yield at
