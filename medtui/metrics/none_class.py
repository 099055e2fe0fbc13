"""The class of images that have none of the others, such as No Finding. Loads no numpy."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class NoneClass:
    """A class of a multi-label task that means the absence of others."""

    name: str
    """`No Finding`."""
    beside: tuple[str, ...] = ()
    """Classes that do not contradict it, such as Support Devices."""

    def contradicting(self, classes: Sequence[str]) -> list[str]:
        """Return the classes that an image of this class cannot have."""
        return [name for name in classes if name != self.name and name not in self.beside]

    def columns(self, classes: Sequence[str]) -> "NoneColumns":
        """Return the numbers of the classes."""
        others = self.contradicting(classes)
        return NoneColumns(classes.index(self.name), tuple(map(classes.index, others)))


@dataclass(frozen=True)
class NoneColumns:
    """The same by numbers of classes."""

    none: int
    others: tuple[int, ...]
    """Classes beside which it is not answered."""
