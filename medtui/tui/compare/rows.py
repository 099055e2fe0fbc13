"""The rows of Compare's table as text. Some columns read files, so rows are made in threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medtui.analysis.baselines import uncontrolled_studies
from medtui.analysis.column import Column
from medtui.analysis.column_choice import differing, usual_columns, with_positive_class
from medtui.analysis.columns import column_named, columns_named
from medtui.analysis.differences import Differences
from medtui.analysis.group_statistics import (
    GroupStatistics,
    group_statistics,
    value_text,
)
from medtui.analysis.groups import Group, group_runs
from medtui.analysis.run_record import RunRecord, positive_of
from medtui.metrics.nested import MIN_SEEDS


@dataclass(frozen=True)
class TableOptions:
    """How the table is filtered, sorted and grouped."""

    filter: str = ""
    """Expression that shown runs match; an incomplete one shows all."""
    sort: str = ""
    """Column, `-` before it for descending order; empty keeps studies together."""
    columns: str = ""
    """Names, separated by commas; empty shows the default columns."""
    is_same_hidden: bool = False
    """Whether columns in which all runs are equal are left out."""
    group: str = ""
    """Columns to group by, separated by spaces; empty does not group."""
    is_low_fidelity_shown: bool = False
    """Whether low-fidelity runs of searches are shown."""

    def columns_for(self, entries: Sequence[RunRecord]) -> list[Column]:
        """Return the table's columns for these runs, the run's name among them."""
        columns = columns_named(self.columns) if self.columns else usual_columns(entries)
        if all(column.name != "run" for column in columns):
            columns.insert(0, column_named("run"))
        columns = differing(columns, entries) if self.is_same_hidden else columns
        return with_positive_class(columns, entries)


@dataclass(frozen=True)
class CompareRows:
    """What the table shows."""

    entries: tuple[RunRecord, ...]
    """In order."""
    columns: tuple[Column, ...]
    differences: Mapping[str, Differences]
    """Run to its differences, as far as they are computed."""
    pin: str
    """Key of the baseline; empty where each run's own control or reference is the baseline."""
    texts: Mapping[str, tuple[str, ...]]
    """Run to the texts of its columns."""
    groups: tuple[Group, ...] = ()
    """Runs listed together, below their mean where there are several; empty without grouping."""
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A group's label to the texts of its columns."""
    statistics: Mapping[str, GroupStatistics] = field(default_factory=dict)
    """A group's label to its paired changes over seeds and patients."""
    default_baseline: str = "the reference"
    """What changes are relative to where no run is pinned."""

    @property
    def baseline(self) -> str:
        """What changes are relative to, and the class that sensitivity and its like are about."""
        change = f"change from {self.pin or self.default_baseline}"
        if any(each.metric is not None and each.split == "val" for each in self.columns):
            change += " · val was used for selection"
        if self.groups:
            change += f" · {describe_groups(self.groups)}"
        positive = positive_of(self.entries)
        is_shown = positive is not None and any(each.is_of_positive for each in self.columns)
        return f"{change} · positive class: {positive}" if is_shown else change


def make_rows(
    entries: Sequence[RunRecord],
    options: TableOptions,
    differences: Mapping[str, Differences],
    pin: RunRecord | None,
) -> CompareRows:
    """Return the rows of these runs; blocks while files are read."""
    columns = tuple(options.columns_for(entries))
    texts = {entry.key: tuple(column.text(entry) for column in columns) for entry in entries}
    groups = tuple(group_runs(entries, options.group.split()) if options.group else ())
    statistics = {group.label: group_statistics(group, pin) for group in groups}
    means = {group.label: _group_row(group, columns, statistics[group.label]) for group in groups}
    return CompareRows(
        tuple(entries), columns, differences, pin.key if pin else "", texts, groups, means,
        statistics, _default_baseline(entries),
    )  # fmt: skip


def _group_row(group: Group, columns: Sequence[Column], found: GroupStatistics) -> tuple[str, ...]:
    """Return the mean of each number, and each text that all members share, else empty."""
    words = []
    for column in columns:
        if column.is_text:
            shared = {column.text(entry) for entry in group.members}
            words.append(shared.pop() if len(shared) == 1 else "")
        else:
            words.append(value_text(group, column, found))
    return tuple(words)


def describe_groups(groups: Sequence[Group]) -> str:
    """Return in a few words what the numbers of groups are over."""
    counts = sorted({len(group.repetitions) for group in groups})
    if counts == [1]:
        return "one seed: spread over seeds unknown"
    known = [count for count in counts if count > 1]
    words = f"means over {' or '.join(map(str, known))} seeds, intervals over seeds and patients"
    lacking = f" from {MIN_SEEDS} seeds on" if known[0] < MIN_SEEDS else ""
    return f"{words}{lacking}"


def _default_baseline(entries: Sequence[RunRecord]) -> str:
    """Return what the runs are compared with, and what that baseline means."""
    without = uncontrolled_studies(entries)
    if not without:
        return "the control" if any(each.folder.is_compressed for each in entries) else (
            "the reference"
        )  # fmt: skip
    studies = {entry.folder.study.name for entry in entries if entry.folder.is_compressed}
    where = "" if len(without) == len(studies) else f" in {', '.join(without)}"
    baseline = "the reference" if not where else "the control, else the reference"
    return f"{baseline}, which trained less: no control{where}"
