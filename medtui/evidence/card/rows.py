"""Rows of a card's tables: what is shown, and where it comes from."""

from collections.abc import Callable, Sequence
from typing import Any

from medtui.analysis.table import Table
from medtui.evidence.card.facts import Facts, source
from medtui.units import MISSING

Show = Callable[[Any], str]


class Rows:
    """Rows of values by one or more columns, each followed by its source."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.rows: list[tuple[str, ...]] = []

    def add(self, label: str, file: str, key: str, show: Show = str) -> None:
        """Add one value, if there is one."""
        if self._facts.has(file, key):
            self.rows.append((label, self._facts.show(file, key, show), source(file, key)))

    def add_cells(self, label: str, file: str, cells: Sequence[tuple[str, Show]]) -> None:
        """Add values of one file, one for each column; one without a value is a dash."""
        keys = [key for key, _ in cells if self._facts.has(file, key)]
        texts = [self._facts.show(file, key, show) for key, show in cells]
        self.rows.append((label, *texts, source(file, *keys) if keys else MISSING))

    def add_text(self, label: str, *texts: str) -> None:
        """Add texts that are no values of a file."""
        self.rows.append((label, *texts, MISSING))

    def table(self, title: str, *columns: str, note: str = "") -> Table:
        """Return the table; its last column is the source."""
        return Table(title, (*columns, "source"), tuple(self.rows), note=note)


def with_interval(facts: Facts, file: str, value: str, interval: str, show: Show) -> str:
    """Return `93.1 % [90.2, 95.4]`; the value alone where there is no interval."""
    text = facts.show(file, value, show)
    if not facts.has(file, interval):
        return text
    return f"{text} {facts.show(file, interval, lambda ends: interval_text(ends, show))}"


def interval_text(ends: list[float], show: Show) -> str:
    """Return the ends of an interval: `[90.2 %, 95.4 %]`."""
    low, high = (show(end) for end in ends)
    return f"[{low}, {high}]"
