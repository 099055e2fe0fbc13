"""Paths as commands print them."""

from pathlib import Path


def shown_path(path: Path) -> str:
    """Return a path relative to the working directory if it is below it, else absolute."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here) if resolved.is_relative_to(here) else resolved)
