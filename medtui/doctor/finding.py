"""One thing that was looked at."""

from typing import Any, Literal

import msgspec

Level = Literal["OK", "warning", "failure"]
"""`failure`: medtui, or the GPU that is there, cannot be used; `warning`: it works less well."""


class Finding(msgspec.Struct, frozen=True):
    """What was found, and what to do about it."""

    subject: str
    """A word or two: `Python`, `Disk: runs`."""
    level: Level
    text: str
    """What was found."""
    cure: str = ""
    """What to do; empty where nothing is to be done."""
    facts: dict[str, Any] = {}
    """The same for programs: versions, bytes, processes."""
