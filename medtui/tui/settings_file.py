"""Reads `config.toml`, and explains what is wrong with it as a preset is explained."""

from pathlib import Path

from pydantic import Field

from medtui.preset.toml import Document, Source, parse_table, read_text, validate
from medtui.tui.settings import Config, LookSettings


class _Look(Document):
    theme: str = LookSettings.theme
    ascii: bool = LookSettings.ascii


class _File(Document):
    look: _Look = _Look()
    keys: dict[str, str] = Field(default_factory=dict)


def read_config(path: Path) -> Config:
    """Read the file.

    Raises:
        DocumentError: it cannot be used.
    """
    text = read_text(path)
    file = validate(_File, parse_table(text, str(path)), Source(str(path), text))
    return Config(LookSettings(**file.look.model_dump()), file.keys)
