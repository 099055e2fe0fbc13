"""Completes paths of presets while they are typed."""

import asyncio
import os
from pathlib import Path

from textual.suggester import Suggester

from medtui.errors import EnvironmentProblem
from medtui.user_folders import expand_home

_ENDING = ".toml"


class PathCompletion(Suggester):
    """Suggests the first folder or TOML file whose path begins with what was typed."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completed path; None where nothing begins so, or no path is meant."""
        if not value.startswith((".", "/", "~")):
            return None
        return await asyncio.to_thread(complete, value)


def complete(typed: str) -> str | None:
    """Return the first path that begins with `typed`, a folder with its separator."""
    shown, _, prefix = typed.rpartition("/")
    try:
        folder = expand_home(f"{shown}/") if "/" in typed else Path()
        with os.scandir(folder) as entries:
            found = sorted(
                f"{entry.name}/" if entry.is_dir() else entry.name
                for entry in entries
                if entry.name.startswith(prefix)
                and (entry.is_dir() or entry.name.endswith(_ENDING))
                and (prefix or not entry.name.startswith("."))
            )
    except (OSError, ValueError, EnvironmentProblem):
        return None
    return f"{shown}/{found[0]}" if found and "/" in typed else (found[0] if found else None)
