"""Groups of runs that differ in their seeds alone, with mean and spread over their members."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from medtui.analysis.column import Column
from medtui.analysis.columns import column_named
from medtui.analysis.repetitions import (
    DENSITY,
    SCHEME,
    STUDY,
    repetitions_of,
    seeds_of,
    settings_without_seeds,
)
from medtui.analysis.run_record import RunRecord

Key = tuple[str, ...]
"""Values of the columns grouped by."""


@dataclass(frozen=True)
class Group:
    """Runs with equal values in the columns grouped by, and in every setting but the seeds."""

    label: str
    """The values of those columns, and of settings that tell groups apart: `Prune 0.1`."""
    members: tuple[RunRecord, ...]

    @cached_property
    def repetitions(self) -> tuple[tuple[RunRecord, ...], ...]:
        """The members by seed: of the reference, or with one reference of the compression."""
        return repetitions_of(self.members)

    @property
    def has_one_reference(self) -> bool:
        """Whether its members compress the same reference, or are references."""
        return len({seeds_of(entry).reference for entry in self.members}) == 1

    @property
    def has_one_positive(self) -> bool:
        """Whether metrics of the positive class are about the same class in all members."""
        return len({_positive_name(entry) for entry in self.members}) == 1

    def mean(self, column: Column) -> float | None:
        """Return the mean over the members with a value; None if no member has one."""
        values = self._values(column)
        return statistics.fmean(values) if values else None

    def spread(self, column: Column) -> float | None:
        """Return the standard deviation between members; None for fewer than two values."""
        values = self._values(column)
        return statistics.stdev(values) if len(values) > 1 else None

    def _values(self, column: Column) -> list[float]:
        if column.is_of_positive and not self.has_one_positive:
            return []  # a mean over numbers about different classes means nothing
        numbers = [column.number(entry) for entry in self.members]
        return [number for number in numbers if number is not None]


def _positive_name(entry: RunRecord) -> str | None:
    positive = entry.result.positive
    return positive.name if positive else None


def group_runs(entries: Sequence[RunRecord], keys: Sequence[str]) -> list[Group]:
    """Group runs by columns, in the order of the groups' first members.

    Runs with equal values form several groups where any of their settings differs but the seeds:
    no spread is between densities or numbers of cycles. Low-fidelity runs form groups of their
    own: `Prune low-fidelity`.
    """
    columns = [column_named(key) for key in keys]
    labelled: dict[Key, list[RunRecord]] = {}
    for entry in entries:
        values = (*(column.text(entry) for column in columns), *["low-fidelity"] * entry.is_probe)
        labelled.setdefault(values, []).append(entry)
    found = [
        group
        for values, members in labelled.items()
        for group in _told_apart(" ".join(values), members)
    ]
    place = {entry: at for at, entry in enumerate(entries)}
    return sorted(found, key=lambda group: place[group.members[0]])


def _told_apart(label: str, members: Sequence[RunRecord]) -> list[Group]:
    """Return the groups of runs with one label, which differ in seeds alone."""
    alike: dict[Key, list[RunRecord]] = {}
    for entry in members:
        settings = settings_without_seeds(entry)
        alike.setdefault(tuple(f"{key}={value}" for key, value in settings.items()), []).append(
            entry
        )
    parts = [part for runs in alike.values() for part in _once_per_seed(runs)]
    if len(parts) == 1:
        return [Group(label, tuple(parts[0]))]
    described = [
        settings_without_seeds(runs[0]) | {STUDY: runs[0].folder.study.name} for runs in parts
    ]
    keys = _telling_keys(described)
    return [
        Group(" ".join(filter(None, [label, *_words(settings, keys)])), tuple(runs))
        for settings, runs in zip(described, parts, strict=True)
    ]


def _telling_keys(described: Sequence[dict[str, str]]) -> list[str]:
    """Return settings that together tell all of these apart, the usual ones first."""
    chosen: list[str] = []
    num_told = 1
    keys = dict.fromkeys(key for settings in described for key in settings)
    for key in sorted(keys, key=lambda each: each == STUDY):
        count = len({tuple(each.get(name) for name in (*chosen, key)) for each in described})
        if count > num_told:
            chosen.append(key)
            num_told = count
    return chosen


def _once_per_seed(runs: Sequence[RunRecord]) -> list[list[RunRecord]]:
    """Return the runs together, or by study where two of them have the same seeds.

    Two runs with the same seeds are one draw, which counts once.
    """
    if len({seeds_of(entry) for entry in runs}) == len(runs):
        return [list(runs)]
    by_study: dict[str, list[RunRecord]] = {}
    for entry in runs:
        by_study.setdefault(entry.folder.study.name, []).append(entry)
    return list(by_study.values())


def _words(settings: dict[str, str], keys: Sequence[str]) -> list[str]:
    """Return the settings that tell groups apart: `0.1`, `lc.cycles=4`."""
    return [
        settings[key] if key in {SCHEME, DENSITY, STUDY} else f"{key}={settings[key]}"
        for key in keys
        if key in settings
    ]


def mean_and_spread(group: Group, column: Column) -> str:
    """Return `12 min ± 2 min`; only the mean if members do not differ."""
    mean, spread = group.mean(column), group.spread(column)
    return column.show(mean) if not spread else f"{column.show(mean)} ± {column.show(spread)}"
