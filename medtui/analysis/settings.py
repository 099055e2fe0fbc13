"""Settings in which runs differ: their presets, key by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medtui.analysis.run_record import RunRecord
from medtui.units import MISSING

_DESCRIPTIVE = ("schema", "name", "note", "published")
"""Keys that describe a study and change no run."""


@dataclass(frozen=True)
class SettingLine:
    """One key of the presets with its value in each run."""

    key: str
    """Dotted: `lc.steps`."""
    values: tuple[str, ...]
    """In the order of the runs."""


def setting_differences(entries: Sequence[RunRecord]) -> list[SettingLine]:
    """Return the keys in which the runs' presets differ, in the preset's order."""
    tables = [flat_settings(entry) for entry in entries]
    keys = dict.fromkeys(key for table in tables for key in table)
    lines = [SettingLine(key, tuple(table.get(key, MISSING) for table in tables)) for key in keys]
    return [line for line in lines if len(set(line.values)) > 1]


def flat_settings(entry: RunRecord) -> dict[str, str]:
    """Return a run's preset by dotted keys; empty if it cannot be read."""
    return _flat(_settings_of(entry))


def _settings_of(entry: RunRecord) -> dict[str, Any]:
    if entry.preset is None:
        return {}
    table = entry.preset.model_dump(by_alias=True, exclude_none=True, mode="json")
    return {key: value for key, value in table.items() if key not in _DESCRIPTIVE}


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = _written(value)
    return found


def _written(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    if isinstance(value, dict):
        return " ".join(f"{key}={_written(inner)}" for key, inner in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
