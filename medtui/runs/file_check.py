"""The state of one file, as a check of a study's files finds it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal["ok", "not recorded", "missing", "damaged"]
"""`not recorded`: the file can be read, and an earlier version wrote it without a checksum."""


@dataclass(frozen=True)
class FileCheck:
    """The state of one file."""

    path: Path
    state: State
    reason: str = ""
    """What is wrong; empty where nothing is."""

    @property
    def is_bad(self) -> bool:
        """Whether the file is missing or damaged."""
        return self.state in {"missing", "damaged"}
