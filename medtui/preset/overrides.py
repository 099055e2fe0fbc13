"""Applies `--set section.key=value` to a preset's table, and remembers which option set what."""

from collections.abc import Mapping, Sequence
from typing import Any

import tomli

from medtui.errors import UsageError
from medtui.preset.former_names import FormerNames
from medtui.preset.problems import shortened
from medtui.preset.toml_lines import MAX_KEYS, Location


def apply_overrides(
    table: dict[str, Any], overrides: Sequence[str], former: FormerNames
) -> dict[Location, str]:
    """Set keys of `table`, later ones over earlier ones, and return which option set which key.

    Raises:
        UsageError: an override is malformed, or leads through a key that is no table.
    """
    options: dict[Location, str] = {}
    for override in overrides:
        option = f"--set {override}"
        key, value = _key_and_value(override, shortened(option))
        alone = _nested(key, value)
        present = {written: at for at, written in former.apply(alone).items()}.get(key, key)
        _set(table, present, _value_at(alone, present), shortened(option))
        options[present] = option
    return options


def _key_and_value(override: str, option: str) -> tuple[Location, object]:
    name, separator, raw = override.partition("=")
    key = _key(name)
    if not separator or not key or len(key) > MAX_KEYS:
        raise UsageError(f"{option}: write it as section.key=value, like lc.steps=10")
    return key, _value(raw.strip(), option)


def _key(name: str) -> Location:
    """Read a dotted key as TOML does, quotes included; empty where it is none."""
    if "\n" in name:
        return ()
    try:
        table: object = tomli.loads(f"{name} = 0")
    except tomli.TOMLDecodeError:
        return ()
    key: Location = ()
    while isinstance(table, Mapping) and len(table) == 1:
        ((part, table),) = table.items()
        key += (part,)
    return () if isinstance(table, Mapping) else key


def _value(raw: str, option: str) -> object:
    """Read a value as TOML; text that is no TOML value is a string, so paths need no quotes."""
    try:
        return tomli.loads(f"value = {raw}")["value"]
    except (tomli.TOMLDecodeError, RecursionError):
        return raw
    except ValueError as error:  # Python converts no more than some thousand digits
        raise UsageError(f"{option}: the number has too many digits.") from error


def _nested(key: Location, value: object) -> dict[str, Any]:
    for part in reversed(key):
        value = {str(part): value}
    assert isinstance(value, dict), "a key has at least one part"
    return value


def _value_at(table: Any, location: Location) -> object:  # noqa: ANN401 - TOML's values
    for part in location:
        table = table[part]
    return table


def _set(table: dict[str, Any], key: Location, value: object, option: str) -> None:
    for part in key[:-1]:
        table = table.setdefault(str(part), {})
        if not isinstance(table, dict):
            raise UsageError(f"{option}: `{part}` is a value, not a section")
    table[str(key[-1])] = value
