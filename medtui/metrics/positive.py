"""The positive class: of two classes, the one that sensitivity and its like are about.

Loads no numpy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medtui.metrics.task import Task

_BINARY = 2


@dataclass(frozen=True)
class PositiveClass:
    """The class that the metrics of a single-label task with two classes are about."""

    name: str
    is_recorded: bool = True
    """Whether the files name it; files of earlier versions do not, and took the second class."""

    def __str__(self) -> str:
        return self.name if self.is_recorded else f"{self.name} (second class)"


def positive_class(
    classes: Sequence[str], task: Task, recorded: str | None = None
) -> PositiveClass | None:
    """Return the positive class: the recorded one, else the second.

    None where a metric averages over the classes: in multi-label tasks, and with more than two.
    """
    if not has_positive_class(classes, task):
        return None
    return PositiveClass(recorded) if recorded else PositiveClass(classes[1], is_recorded=False)


def has_positive_class(classes: Sequence[str], task: Task) -> bool:
    """Return whether one class stands for the metrics: of two, in a single-label task."""
    return task == "single" and len(classes) == _BINARY


def common_positive(found: Iterable[PositiveClass | None]) -> PositiveClass | None:
    """Return the positive class that all share; None where there is none, or they differ.

    It counts as recorded only where every one is.
    """
    each = list(found)
    names = {one.name if one else None for one in each}
    if len(names) != 1 or each[0] is None:
        return None
    return next((one for one in each if one and not one.is_recorded), each[0])
