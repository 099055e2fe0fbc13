"""The name that a new study will get."""

import os
from itertools import count
from pathlib import Path

from medtui.runs.slug import slugify


def free_name(runs_dir: Path, name: str) -> str:
    """Return the name of the folder that `create_study` would create now."""
    slug = slugify(name)
    names = (slug if number == 1 else f"{slug}-{number}" for number in count(1))
    return next(each for each in names if not os.path.lexists(runs_dir / each))


def describe_name(runs_dir: Path, name: str) -> str:
    """Return the name that a study will get, and why where it is not the one of its preset."""
    found = free_name(runs_dir, name)
    return found if found == slugify(name) else f"{found} ({slugify(name)} exists)"
