"""Groups of runs, with mean and spread over their members."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from medtui.analysis.column import Column
from medtui.analysis.columns import column_named
from medtui.analysis.run_record import RunRecord

KEYS = ("scheme", "density", "seed", "study")
"""Columns that runs are usually grouped by."""


@dataclass(frozen=True)
class Group:
    """Runs with equal values in the columns grouped by."""

    label: str
    """The values of those columns: `Prune 0.1`."""
    members: tuple[RunRecord, ...]

    def mean(self, column: Column) -> float | None:
        """Return the mean over the members with a value; None if no member has one."""
        values = self._values(column)
        return statistics.fmean(values) if values else None

    def spread(self, column: Column) -> float | None:
        """Return the standard deviation between members; None for fewer than two values."""
        values = self._values(column)
        return statistics.stdev(values) if len(values) > 1 else None

    def _values(self, column: Column) -> list[float]:
        if column.is_of_positive and len({_positive_name(entry) for entry in self.members}) > 1:
            return []  # a mean over numbers about different classes means nothing
        numbers = [column.number(entry) for entry in self.members]
        return [number for number in numbers if number is not None]


def _positive_name(entry: RunRecord) -> str | None:
    positive = entry.result.positive
    return positive.name if positive else None


def group_runs(entries: Sequence[RunRecord], keys: Sequence[str]) -> list[Group]:
    """Group runs by columns, in the order of the groups' first members.

    Low-fidelity runs form groups of their own: `Prune low-fidelity`.
    """
    columns = [column_named(key) for key in keys]
    found: dict[tuple[str, ...], list[RunRecord]] = {}
    for entry in entries:
        values = (*(column.text(entry) for column in columns), *["low-fidelity"] * entry.is_probe)
        found.setdefault(values, []).append(entry)
    return [Group(" ".join(values), tuple(members)) for values, members in found.items()]


def group_row(group: Group, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return mean and spread of each number, and each text that all members share, else empty."""
    words = []
    for column in columns:
        if column.is_text:
            shared = {column.text(entry) for entry in group.members}
            words.append(shared.pop() if len(shared) == 1 else "")
        else:
            words.append(mean_and_spread(group, column))
    return tuple(words)


def mean_and_spread(group: Group, column: Column) -> str:
    """Return `95.8 % ± 0.3 %`; only the mean if members do not differ."""
    mean, spread = group.mean(column), group.spread(column)
    return column.show(mean) if not spread else f"{column.show(mean)} ± {column.show(spread)}"
