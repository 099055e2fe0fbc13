"""What a person prefers: the look, and keys other than ours. `config_file` reads it.

Plain values: without a file, the first screen need not wait for what validates one.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLE = """# medtui's settings. Delete a line to get the default back.

[look]
theme = "medtui-dark"   # any of the palette's; ansi-dark and ansi-light are the terminal's own
ascii = false           # draw with ASCII characters only

[keys]                  # an action's name to the key that shall do it
# stop = "x"
# next_run = "j"
"""


@dataclass(frozen=True)
class LookSettings:
    """How screens look."""

    theme: str = "medtui-dark"
    """Name of a theme."""
    ascii: bool = False
    """Whether only ASCII reaches the terminal."""


@dataclass(frozen=True)
class Config:
    """The whole file."""

    look: LookSettings = LookSettings()
    keys: dict[str, str] = field(default_factory=dict)
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
    from medtui.tui.settings_file import read_config

    return read_config(path)
