"""The result of one check."""

from typing import Any, Literal

import msgspec

Level = Literal["OK", "warning", "failure"]
"""`failure`: medtui, or a GPU of this machine, cannot be used; `warning`: with a disadvantage."""


class Finding(msgspec.Struct, frozen=True):
    """The result of one check, and the remedy for a problem."""

    subject: str
    """A word or two: `Python`, `Disk: runs`."""
    level: Level
    text: str
    """What was found."""
    remedy: str = msgspec.field(default="", name="cure")
    """What to do; empty if there is no problem. `cure` in JSON."""
    facts: dict[str, Any] = {}
    """The same for programs: versions, bytes, processes."""
