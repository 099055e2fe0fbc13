"""The settings file: the look of screens, and keys that replace the default ones.

The dataclasses are the only definition. Pydantic is imported only to explain a file that is not
valid, so that it does not delay start-up otherwise.
"""

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import tomli

from medtui.storage import UnreadableFile, read_bytes
from medtui.user_folders import user_folder

EXAMPLE = """# Settings of medtui. Delete a line to restore its default.

[look]
theme = "auto"          # or medtui-dark, medtui-light; ansi-dark and ansi-light use its colours
# ascii = true          # draw with ASCII characters only; without this line, as the locale asks

[keys]                  # the name of an action, and its key
# stop = "f4"
# next_run = "f6"
"""


MAX_BYTES = 64 * 1024
"""Size of the largest settings file that is read."""

AUTO = "auto"
"""The theme that is light or dark as the terminal's background."""


@dataclass(frozen=True)
class LookSettings:
    """How screens look."""

    theme: str = AUTO
    """Name of a theme; `auto` is light or dark as the terminal's background."""
    ascii: bool | None = None
    """Whether screens are drawn with ASCII characters only; None leaves it to the locale."""


@dataclass(frozen=True)
class Settings:
    """The whole file."""

    look: LookSettings = LookSettings()
    keys: dict[str, str] = field(default_factory=dict)
    """Action to key; several keys are separated by commas."""


def settings_path() -> Path:
    """Return where the file is: `MEDTUI_CONFIG_DIR`, else the platform's folder for settings."""
    folder = os.environ.get("MEDTUI_CONFIG_DIR")
    if folder:
        return Path(folder) / "config.toml"
    return user_folder("config") / "config.toml"


def load_settings() -> Settings:
    """Read the file; return the defaults where there is none.

    Raises:
        DocumentError: the file exists and is not valid.
    """
    path = settings_path()
    if not path.exists():
        return Settings()
    return _read_valid(path) or _read_or_explain(path)


def _read_valid(path: Path) -> Settings | None:
    """Return the settings of a file; None where anything in it needs an explanation."""
    try:
        table = tomli.loads(read_bytes(path, MAX_BYTES).decode("utf-8-sig"))
        settings = msgspec.convert(table, Settings)
    except (UnreadableFile, ValueError, RecursionError):
        return None
    is_known = _has_only(table, Settings) and _has_only(table.get("look", {}), LookSettings)
    return settings if is_known else None


def _has_only(table: dict[str, Any], settings: type[LookSettings | Settings]) -> bool:
    return table.keys() <= {each.name for each in fields(settings)}


def _read_or_explain(path: Path) -> Settings:
    from pydantic import create_model

    from medtui.preset.toml import Document, Source, parse_table, read_text, validate

    look = create_model("Look", __base__=Document, **_typed_fields(LookSettings))
    whole = _typed_fields(Settings) | {"look": (look, look())}
    text = read_text(path)
    model = create_model("SettingsFile", __base__=Document, **whole)
    table = validate(model, parse_table(text, str(path)), Source(str(path), text)).model_dump(
        exclude_unset=True
    )
    return Settings(**table | {"look": LookSettings(**table.get("look", {}))})


def _typed_fields(settings: type[LookSettings | Settings]) -> dict[str, Any]:
    """Return type and default of each field, as pydantic's `create_model` takes them."""
    types, defaults = get_type_hints(settings), settings()
    return {
        each.name: (types[each.name], getattr(defaults, each.name)) for each in fields(settings)
    }
