"""A preset's file: found by name or path, overridden by `--set`, written with its comments."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomlkit

from medtui.errors import UsageError
from medtui.preset.model import Preset
from medtui.preset.overrides import apply_overrides
from medtui.preset.schema import SCHEMA_VERSION, UNNAMED_SCHEMA
from medtui.preset.toml import (
    MAX_INTEGER,
    DocumentError,
    Source,
    parse_table,
    read_text,
    validate,
)
from medtui.resources import find_card, find_preset, preset_names
from medtui.suggest import did_you_mean
from medtui.user_folders import expand_home


def load_preset(name_or_path: str, overrides: Sequence[str] = ()) -> Preset:
    """Read a preset by shipped name (`demo`) or path, with `key.path=value` overrides applied.

    A relative `data.root` or card path in the file is taken from the file's folder if it exists
    there, else from the working folder; one in an override, from the working folder.

    Raises:
        DocumentError: the file or an override does not make a preset.
        UsageError: no such preset, or an override is malformed.
    """
    return read_preset(name_or_path, overrides)[0]


def read_preset(name_or_path: str, overrides: Sequence[str] = ()) -> tuple[Preset, Source]:
    """Read a preset as `load_preset` does, and return it with where its values come from.

    Raises:
        DocumentError: the file or an override does not make a preset.
        UsageError: no such preset, or an override is malformed.
    """
    path = find_preset_path(name_or_path)
    text = read_text(path)
    table = parse_table(text, str(path))
    moved = Preset.former_names.apply(table)
    _anchor_paths(table, path.parent)
    options = apply_overrides(table, overrides, Preset.former_names)
    source = Source(str(path), text, options, moved)
    return _validated(table, source), source


def parse_preset(text: str, origin: str) -> Preset:
    """Build a preset from TOML text.

    Raises:
        DocumentError: the text does not make a preset.
    """
    return _validated(parse_table(text, origin), Source(origin, text))


def with_present_names(text: str) -> str:
    """Return a preset's text with today's names for keys and values that were renamed.

    Raises:
        DocumentError: the text is not TOML.
    """
    if not Preset.former_names.is_used_in(parse_table(text, "this preset")):
        return text
    document = tomlkit.parse(text)
    Preset.former_names.apply(document)
    return tomlkit.dumps(document)


def anchor_paths(preset: Preset) -> Preset:
    """Return the preset with absolute paths, so that it means the same from every folder."""
    data, model = preset.data, preset.model
    weights = {
        key: str(expand_home(path).absolute()) if path else ""
        for key, path in (("weights", model.weights), ("init", model.init))
    }
    return preset.model_copy(
        update={
            "data": data.model_copy(update=_absolute(data.card, data.root)),
            "external": tuple(
                site.model_copy(update=_absolute(site.card, site.root)) for site in preset.external
            ),
            "model": model.model_copy(update=weights),
        }
    )


def _absolute(card: str, root: str) -> dict[str, str]:
    """Return card and root with absolute paths; the name of a shipped card stays."""
    path = expand_home(card)
    is_own_card = find_card(card) is None and path.exists()
    return {
        "root": str(expand_home(root).absolute()) if root else "",
        "card": str(path.absolute()) if is_own_card else card,
    }


def dump_preset(preset: Preset, onto: str = "") -> str:
    """Return a preset as TOML; over `onto`, earlier TOML text, comments and order are kept."""
    table = preset.model_dump(by_alias=True, exclude_none=True, mode="json")
    if not onto:
        return _dump_sections(table)
    document = tomlkit.parse(onto)
    _merge(document, table)
    return tomlkit.dumps(document)


def _dump_sections(table: Mapping[str, Any]) -> str:
    """Return a table as TOML, its sections one by one.

    The presets of a study's runs differ in few sections: the others are written once. For 2,000
    runs, 0.47 ms each instead of 3.4 ms.
    """
    keys = {key: value for key, value in table.items() if not isinstance(value, dict)}
    sections = [{key: value} for key, value in table.items() if isinstance(value, dict)]
    return "\n".join(_dump_section(json.dumps(part)) for part in [keys, *sections])


@lru_cache(maxsize=256)
def _dump_section(part: str) -> str:
    document = tomlkit.document()
    _merge(document, json.loads(part))
    return tomlkit.dumps(document)


def preset_schema() -> dict[str, Any]:
    """Return the JSON Schema of presets."""
    return Preset.model_json_schema(by_alias=True)


def find_preset_path(name_or_path: str) -> Path:
    """Find a preset by path, else by shipped name.

    Raises:
        UsageError: there is none.
    """
    path = expand_home(name_or_path)
    if path.is_file():
        return path
    shipped = find_preset(name_or_path)
    if shipped is not None:
        return shipped
    if path.is_dir():
        raise UsageError(
            f"{name_or_path} is a folder, not a preset.", hint="Name the TOML file in it."
        )
    known = preset_names()
    raise UsageError(
        f"{name_or_path}: no such file, and no shipped preset of that name.",
        hint=f"{did_you_mean(name_or_path, known, otherwise='')} "
        f"Shipped presets: {', '.join(known)}.".strip(),
    )


def _validated(table: dict[str, Any], source: Source) -> Preset:
    version = table.get("schema", UNNAMED_SCHEMA)
    if isinstance(version, int) and SCHEMA_VERSION < version <= MAX_INTEGER:
        sentence = f"`schema` = {version} is newer than this medtui reads; update medtui"
        raise DocumentError(source.origin, [source.problem_at(("schema",), sentence)])
    return validate(Preset, table, source)


def _anchor_paths(table: dict[str, Any], folder: Path) -> None:
    sites = table.get("external")
    for section in (table.get("data"), *(sites if isinstance(sites, list) else ())):
        if isinstance(section, dict):
            _anchor(section, folder)


def _anchor(section: dict[str, Any], folder: Path) -> None:
    for key in ("root", "card"):
        value = section.get(key)
        if isinstance(value, str) and value and not expand_home(value).is_absolute():
            beside = folder / value
            if os.path.exists(beside):  # noqa: PTH110 - which raises nothing for a long name
                section[key] = str(beside.resolve())


def _merge(onto: Any, table: dict[str, Any]) -> None:  # noqa: ANN401 - tomlkit's containers
    for key in [key for key in onto if key not in table]:
        del onto[key]
    for key, value in table.items():
        if isinstance(value, dict) and key in onto:
            _merge(onto[key], value)
        elif key not in onto or onto[key] != value:
            onto[key] = value
