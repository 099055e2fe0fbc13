"""The runs a person marked to be compared: each keeps its letter and its colour while marked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from medtui.charts.plot import place_letter


@dataclass(frozen=True)
class Mark:
    """One marked run."""

    key: str
    """`study/run`."""
    letter: str
    tint: int
    """Place in the palette."""


@dataclass
class Marks:
    """All marked runs, in the order in which they were marked."""

    num_tints: int
    """Colours of the palette; more runs share them, and letters still tell them apart."""
    _marks: dict[str, Mark] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Mark]:
        return iter(self._marks.values())

    def __len__(self) -> int:
        return len(self._marks)

    def of(self, key: str) -> Mark | None:
        """Give a run's mark; None where it has none."""
        return self._marks.get(key)

    def add(self, key: str) -> None:
        """Mark a run: the first free letter, and the colour its name asks for or the next free."""
        if key in self._marks:
            return
        letters = {mark.letter for mark in self}
        at = next(at for at in range(len(letters) + 1) if place_letter(at) not in letters)
        self._marks[key] = Mark(key, place_letter(at), self._tint(key))

    def toggle(self, key: str) -> None:
        """Mark a run, or take its mark away."""
        if self._marks.pop(key, None) is None:
            self.add(key)

    def keep(self, keys: Iterable[str]) -> None:
        """Take the mark from every other run."""
        wanted = set(keys)
        self._marks = {key: mark for key, mark in self._marks.items() if key in wanted}

    def _tint(self, key: str) -> int:
        first = crc32(key.encode()) % self.num_tints
        used = [mark.tint for mark in self]
        fewest = min((used.count(tint) for tint in range(self.num_tints)), default=0)
        turns = ((first + step) % self.num_tints for step in range(self.num_tints))
        return next(tint for tint in turns if used.count(tint) == fewest)
