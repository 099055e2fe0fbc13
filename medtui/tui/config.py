"""What a person prefers, in `config.toml`: the look, and keys other than ours."""

import os
from pathlib import Path

from pydantic import Field

from medtui.documents import Document, parse_table, read_text, validate

EXAMPLE = """# medtui's settings. Delete a line to get the default back.

[look]
theme = "medtui-dark"   # any of the palette's; ansi-dark and ansi-light are the terminal's own
ascii = false           # draw with ASCII characters only

[keys]                  # an action's name to the key that shall do it
# stop = "x"
# next_run = "j"
"""


class LookSettings(Document):
    """How screens look."""

    theme: str = "medtui-dark"
    """Name of a theme."""
    ascii: bool = False
    """Whether only ASCII reaches the terminal."""


class Config(Document):
    """The whole file."""

    look: LookSettings = LookSettings()
    keys: dict[str, str] = Field(default_factory=dict)
    """Action to key; several keys are separated by commas."""


def config_path() -> Path:
    """Give where the file is: `MEDTUI_CONFIG_DIR`, else the platform's place for settings."""
    folder = os.environ.get("MEDTUI_CONFIG_DIR")
    if folder:
        return Path(folder) / "config.toml"
    import platformdirs

    return platformdirs.user_config_path("medtui") / "config.toml"


def load_config() -> Config:
    """Read the file; the defaults where there is none.

    Raises:
        DocumentError: it is there and cannot be used.
    """
    path = config_path()
    if not path.is_file():
        return Config()
    text = read_text(path)
    return validate(Config, parse_table(text, str(path)), text=text, origin=str(path))
