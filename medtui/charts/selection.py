"""The runs that are marked for comparison."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from medtui.charts.run_identity import RunIdentity, StudyNumbers


@dataclass
class Marks:
    """All marked runs, in the order in which they were marked."""

    identities: Mapping[str, RunIdentity] = field(default_factory=dict)
    """Of all runs that can be marked, by key; replaced when runs are read again."""
    _marks: dict[str, RunIdentity] = field(default_factory=dict)
    _numbers: StudyNumbers = field(default_factory=StudyNumbers)

    def __iter__(self) -> Iterator[RunIdentity]:
        return iter(self._marks.values())

    def __len__(self) -> int:
        return len(self._marks)

    def of(self, key: str) -> RunIdentity | None:
        """Return a run's letter and colour; None where it is not marked."""
        return self._marks.get(key)

    def add(self, key: str) -> None:
        """Mark a run; an unknown one (it was deleted meanwhile) is left out."""
        if key not in self._marks and key in self.identities:
            self._marks[key] = self._numbers.qualify(self.identities[key])

    def toggle(self, key: str) -> None:
        """Mark or unmark a run."""
        if self._marks.pop(key, None) is None:
            self.add(key)

    def keep(self, keys: Iterable[str]) -> None:
        """Unmark every other run."""
        wanted = set(keys)
        self._marks = {key: mark for key, mark in self._marks.items() if key in wanted}
        if not self._marks:
            self._numbers = StudyNumbers()
