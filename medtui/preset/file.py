"""A preset's file: found by name or path, overridden by `--set`, written with its comments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli
import tomlkit

from medtui.errors import UsageError
from medtui.preset.model import SCHEMA_VERSION, Preset
from medtui.preset.toml import DocumentError, Problem, locate, parse_table, read_text, validate
from medtui.resources import find_card, find_preset, preset_names


def load_preset(name_or_path: str, overrides: Sequence[str] = ()) -> Preset:
    """Read a preset by shipped name (`demo`) or path, with `key.path=value` overrides applied.

    A relative `data.root` or card path in the file is taken from the file's folder if it exists
    there, else from the working folder; one in an override, from the working folder.

    Raises:
        DocumentError: the file or an override does not make a preset.
        UsageError: no such preset, or an override is malformed.
    """
    path = find_preset_path(name_or_path)
    text = read_text(path)
    table = parse_table(text, str(path))
    _anchor_paths(table, path.parent)
    for override in overrides:
        _override(table, override)
    return _validated(table, text, str(path))


def parse_preset(text: str, origin: str) -> Preset:
    """Build a preset from TOML text.

    Raises:
        DocumentError: the text does not make a preset.
    """
    return _validated(parse_table(text, origin), text, origin)


def anchor_paths(preset: Preset) -> Preset:
    """Give the preset with absolute paths, so that it means the same from every folder."""
    data, model = preset.data, preset.model
    card = Path(data.card).expanduser()
    is_own_card = find_card(data.card) is None and card.exists()
    fixed = {
        "root": str(Path(data.root).expanduser().absolute()) if data.root else "",
        "card": str(card.absolute()) if is_own_card else data.card,
    }
    weights = str(Path(model.weights).expanduser().absolute()) if model.weights else ""
    return preset.model_copy(
        update={
            "data": data.model_copy(update=fixed),
            "model": model.model_copy(update={"weights": weights}),
        }
    )


def dump_preset(preset: Preset, onto: str = "") -> str:
    """Give a preset as TOML; over `onto`, earlier TOML text, comments and order are kept."""
    document = tomlkit.parse(onto)
    _merge(document, preset.model_dump(by_alias=True, exclude_none=True, mode="json"))
    return tomlkit.dumps(document)


def preset_schema() -> dict[str, Any]:
    """Give the JSON Schema of presets."""
    return Preset.model_json_schema(by_alias=True)


def find_preset_path(name_or_path: str) -> Path:
    """Find a preset by path, else by shipped name.

    Raises:
        UsageError: there is none.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    shipped = find_preset(name_or_path)
    if shipped is not None:
        return shipped
    known = ", ".join(preset_names())
    raise UsageError(
        f"{name_or_path}: no such file, and no shipped preset of that name. Nothing was started.",
        hint=f"Shipped presets: {known}.",
    )


def _validated(table: dict[str, Any], text: str, origin: str) -> Preset:
    version = table.get("schema", SCHEMA_VERSION)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        sentence = f"`schema` = {version} is newer than this medtui reads; update medtui"
        line = locate(text, ("schema",))
        raise DocumentError(origin, [Problem(sentence, ("schema",), line)])
    return validate(Preset, table, text=text, origin=origin)


def _anchor_paths(table: dict[str, Any], folder: Path) -> None:
    data = table.get("data")
    for key in ("root", "card"):
        value = data.get(key) if isinstance(data, dict) else None
        if isinstance(value, str) and value and not Path(value).expanduser().is_absolute():
            beside = folder / value
            if beside.exists():
                data[key] = str(beside.resolve())  # type: ignore[index] # a dict where value is set


def _override(table: dict[str, Any], override: str) -> None:
    key, separator, raw = override.partition("=")
    keys = key.strip().split(".")
    if not separator or not all(keys):
        raise UsageError(f"--set {override}: write it as section.key=value, like lc.steps=10")
    for part in keys[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise UsageError(f"--set {override}: `{part}` is a value, not a section")
    table[keys[-1]] = _toml_value(raw.strip())


def _toml_value(raw: str) -> object:
    """Read a value as TOML; text that is no TOML value is a string, so paths need no quotes."""
    try:
        return tomli.loads(f"value = {raw}")["value"]
    except (tomli.TOMLDecodeError, RecursionError):
        return raw


def _merge(onto: Any, table: dict[str, Any]) -> None:  # noqa: ANN401 - tomlkit's containers
    for key in [key for key in onto if key not in table]:
        del onto[key]
    for key, value in table.items():
        if isinstance(value, dict) and key in onto:
            _merge(onto[key], value)
        elif key not in onto or onto[key] != value:
            onto[key] = value
