"""Progress of reading a data set."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """State of one stage."""

    stage: str
    """`scan`, `wait`, `decode`, `resize`, `download`, `unpack`, `measure`, `headers`,
    `verify`."""
    done: int
    """Images done; bytes while downloading."""
    total: int
    """Total in the same unit; 0 where unknown."""


Reporter = Callable[[Progress], None]
"""Callback for progress, called in the caller's thread; cheap, and may raise to cancel."""


def ignore_progress(progress: Progress) -> None:
    """Do nothing with the progress."""
