"""How far reading a data set has come."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One stage's state, told from time to time."""

    stage: str
    """`scan`, `wait`, `decode`, `resize`, `download`, `unpack`, `measure`."""
    done: int
    """Images done; bytes while downloading."""
    total: int
    """Of so many; 0 where nobody knows."""


Tell = Callable[[Progress], None]
"""Takes progress in the caller's thread; cheap, and may raise to cancel."""


def tell_nobody(progress: Progress) -> None:
    """Take progress and forget it."""
