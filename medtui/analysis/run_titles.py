"""Titles of finished runs, as on Home: `PruneQuantize16 0.1`, not `prunequantize16-0.1`."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from medtui.analysis.run_record import RunRecord
from medtui.errors import MedtuiError
from medtui.preset import Preset, cell_named, parse_preset, title_of_cell
from medtui.preset.toml import read_text

_MOST_PRESETS = 256
"""Presets of studies that are kept; a screen shows few studies at once."""


def title_of_run(entry: RunRecord) -> str:
    """Return scheme and density, with the seed where the study has several; else the name."""
    path = entry.folder.study.preset
    try:
        preset = _preset_at(path, path.stat().st_mtime_ns)
    except OSError:
        preset = entry.preset
    cell = cell_named(preset, entry.folder.name) if preset else None
    return entry.folder.name if cell is None else title_of_cell(cell, preset)


def titles_of(entries: Sequence[RunRecord]) -> dict[str, str]:
    """Return the titles of runs by key, with their studies where there are several."""
    are_many = len({entry.folder.study.name for entry in entries}) > 1
    return {
        entry.key: f"{entry.folder.study.name} {title_of_run(entry)}"
        if are_many
        else title_of_run(entry)
        for entry in entries
    }


@lru_cache(maxsize=_MOST_PRESETS)
def _preset_at(path: Path, _changed_at: int) -> Preset | None:
    """Return a study's preset; None where it cannot be read."""
    try:
        return parse_preset(read_text(path), str(path))
    except MedtuiError:
        return None
