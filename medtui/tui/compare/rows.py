"""The rows of Compare's table as text. Some columns read files, so rows are made in threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from medtui.analysis.baselines import uncontrolled_studies
from medtui.analysis.column import Column
from medtui.analysis.column_choice import differing, with_positive_class
from medtui.analysis.columns import column_named, columns_named
from medtui.analysis.differences import Differences
from medtui.analysis.group_statistics import (
    GroupStatistics,
    group_statistics,
    value_text,
)
from medtui.analysis.groups import Group, group_runs
from medtui.analysis.run_record import RunRecord, positive_of
from medtui.analysis.run_titles import titles_of
from medtui.metrics import PositiveClass
from medtui.metrics.nested import MIN_SEEDS
from medtui.tui.compare.footing import describe_tests
from medtui.tui.compare.headings import cell_of, number_text, screen_columns, without_unit


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
        columns = columns_named(self.columns) if self.columns else screen_columns(entries)
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
    titles: Mapping[str, str] = field(default_factory=dict)
    """Run to its title, as on Home."""
    sort: str = ""
    """Column by which they are ordered, `-` before it for descending order."""
    groups: tuple[Group, ...] = ()
    """Runs listed together, below their mean where there are several; empty without grouping."""
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A group's label to the texts of its columns."""
    statistics: Mapping[str, GroupStatistics] = field(default_factory=dict)
    """A group's label to its paired changes over seeds and patients."""
    default_baseline: str = "the reference"
    """What changes are relative to where no run is pinned."""
    tests: str = ""
    """What the numbers were measured on: patients, images, digest, margin."""
    chosen: str = ""
    """Key of the marked run that is chosen on val, which gets a star; empty without one."""

    def with_differences(self, differences: Mapping[str, Differences]) -> "CompareRows":
        """Return the same rows with the changes that are known by now; reads no file."""
        tests = describe_tests(self.entries, differences, self.positive)
        return replace(self, differences=differences, tests=tests)

    @property
    def positive(self) -> PositiveClass | None:
        """The class that shown metrics are about; None without one."""
        is_about_one = any(column.is_of_positive for column in self.columns)
        return positive_of(self.entries) if is_about_one else None

    @property
    def baseline(self) -> str:
        """What changes are relative to: `against ◆ control`."""
        return f"against {self.titles.get(self.pin, self.pin) or self.default_baseline}"

    @property
    def footing(self) -> str:
        """What the numbers rest on: the tests, the use of val, groups."""
        parts = [self.tests]
        if any(each.metric is not None and each.split == "val" for each in self.columns):
            parts.append("val was used for selection")
        if self.groups:
            parts.append(describe_groups(self.groups))
        return " · ".join(filter(None, parts))


def make_rows(
    entries: Sequence[RunRecord],
    options: TableOptions,
    differences: Mapping[str, Differences],
    pin: RunRecord | None,
) -> CompareRows:
    """Return the rows of these runs; blocks while files are read."""
    columns = tuple(options.columns_for(entries))
    texts = {entry.key: tuple(cell_of(column, entry) for column in columns) for entry in entries}
    groups = tuple(group_runs(entries, options.group.split()) if options.group else ())
    statistics = {group.label: group_statistics(group, pin) for group in groups}
    means = {group.label: _group_row(group, columns, statistics[group.label]) for group in groups}
    rows = CompareRows(
        tuple(entries), columns, differences, pin.key if pin else "", texts, titles_of(entries),
        options.sort, groups, means, statistics, _default_baseline(entries),
    )  # fmt: skip
    return rows.with_differences(differences)


def _group_row(group: Group, columns: Sequence[Column], found: GroupStatistics) -> tuple[str, ...]:
    """Return the mean of each number, and each text that all members share, else empty."""
    words = []
    for column in columns:
        if column.is_text:
            shared = {column.text(entry) for entry in group.members}
            words.append(shared.pop() if len(shared) == 1 else "")
        else:
            words.append(_mean_text(group, column, found))
    return tuple(words)


def _mean_text(group: Group, column: Column, found: GroupStatistics) -> str:
    """Return a metric's mean with its interval; of other numbers the mean alone."""
    if column.metric is not None:
        return without_unit(column, value_text(group, column, found))
    return number_text(column, group.mean(column))


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
        return "◆ control" if any(each.folder.is_compressed for each in entries) else "◇ reference"
    studies = {entry.folder.study.name for entry in entries if entry.folder.is_compressed}
    where = "" if len(without) == len(studies) else f" in {', '.join(without)}"
    baseline = "◇ reference" if not where else "◆ control, else ◇ reference"
    return f"{baseline}, which trained less: no control{where}"
