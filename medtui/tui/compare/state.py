"""What Compare shows: which runs, in which order, with which columns, against which baseline.

Pure: no screen, no files. The screen changes it on key presses and shows it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from medtui.analysis.column import Column
from medtui.analysis.columns import column_named, columns_named
from medtui.analysis.differences import Differences
from medtui.analysis.filters import parse_filter
from medtui.analysis.low_fidelity import split_by_fidelity
from medtui.analysis.run_record import RunRecord, problems_of, task_of
from medtui.analysis.run_titles import titles_of
from medtui.analysis.sorting import baselines_first, sort_runs
from medtui.charts.figures.data import ChartedRun
from medtui.charts.run_identity import RunIdentity
from medtui.charts.selection import Marks
from medtui.errors import MedtuiError
from medtui.metrics import Metric, metric_named, primary_metric
from medtui.tui.compare.model import FinishedRuns
from medtui.tui.compare.rows import CompareRows, TableOptions, make_rows
from medtui.tui.compare.tabs import TABS, TabRequest, next_side

GROUPINGS = ("", "scheme", "scheme density", "density", "study")
"""The groupings that `G` cycles through."""


@dataclass(frozen=True)
class CompareView:
    """What is kept of a Compare screen for the next one on the same study."""

    options: TableOptions
    """Order, columns and grouping; its filter is not used again."""
    pin: str
    """Key of the pinned run; empty where none is."""


@dataclass
class CompareState:
    """The state of one Compare screen."""

    options: TableOptions = field(default_factory=TableOptions)
    initially_marked: tuple[str, ...] | None = ()
    """Keys of the runs to mark once they are read; empty marks those shown, None marks no more."""
    initially_pinned: str = ""
    """Key of the run to pin once the runs are read."""
    runs: FinishedRuns = field(default_factory=FinishedRuns)
    marks: Marks = field(default_factory=Marks)
    """The marked runs: the tabs show them."""
    pin: RunRecord | None = None
    """The baseline; None compares each run with its study's control or reference."""
    differences: dict[str, Differences] = field(default_factory=dict)
    """Run to its differences from the baseline, as far as they are computed."""
    unpaired: dict[str, str] = field(default_factory=dict)
    """Run to why it cannot be compared with the baseline."""
    tab: str = TABS[0]
    side: int = 0
    """The side of the tab that is shown: free memory and latency are on side 1."""
    metric: int = 0
    """How many times the metric of the changes was turned; 0 is the primary one."""
    _kept: tuple[tuple[FinishedRuns, str, str], list[RunRecord]] | None = None
    """The filtered runs, and what they follow from."""
    _charted: tuple[list[tuple[RunIdentity, RunRecord]], tuple[ChartedRun, ...]] | None = None
    """The marked runs, and what they follow from."""
    places: dict[str, int] = field(default_factory=dict)
    """Place of each run in the order that was chosen; a run that finishes later is put behind."""

    @property
    def filtered(self) -> list[RunRecord]:
        """The runs that match the filter, in order: baselines first, then as it was chosen.

        A run that finishes while the table is shown takes the next row: nothing is sorted again
        under the cursor. The list is kept until runs, filter or order change.
        """
        wanted = (self.runs, self.options.filter, self.options.sort)
        if self._kept is None or any(
            a is not b for a, b in zip(self._kept[0], wanted, strict=True)
        ):
            self._kept = (wanted, self._filter_runs())
        return self._kept[1]

    def _filter_runs(self) -> list[RunRecord]:
        try:
            holds = parse_filter(self.options.filter)
            entries = [entry for entry in self.runs.entries if holds(entry)]
        except MedtuiError:  # an incomplete filter, while it is being typed
            entries = list(self.runs.entries)
        if not self.options.sort:
            return baselines_first(entries)
        last = len(self.places)
        return sorted(entries, key=lambda entry: self.places.get(entry.key, last))

    @property
    def shown(self) -> list[RunRecord]:
        """The rows of the table: filtered runs, low-fidelity ones only where they are shown."""
        filtered = self.filtered
        return filtered if self.options.is_low_fidelity_shown else split_by_fidelity(filtered)[0]

    @property
    def columns(self) -> list[Column]:
        """The table's columns."""
        return self.options.columns_for(self.shown)

    @property
    def marked(self) -> tuple[ChartedRun, ...]:
        """The marked runs that the filter shows, in the order of the table."""
        found = [(mark, entry) for entry in self.shown if (mark := self.marks.of(entry.key))]
        if self._charted is None or self._charted[0] != found:
            titles = titles_of([entry for _, entry in found])
            runs = tuple(ChartedRun(entry, mark, titles[entry.key]) for mark, entry in found)
            self._charted = (found, runs)
        return self._charted[1]

    @property
    def pinned_key(self) -> str:
        """Key of the pinned run; empty where none is."""
        return self.pin.key if self.pin else ""

    @property
    def view(self) -> CompareView:
        """What is kept for the next time."""
        return CompareView(self.options, self.pinned_key or self.initially_pinned)

    def take(self, runs: FinishedRuns) -> None:
        """Replace the runs; the first time, mark those that were asked for."""
        self.runs = runs
        self.marks.identities = runs.identities
        if self.initially_pinned:
            self.pin, self.initially_pinned = runs.find(self.initially_pinned), ""
        if self.initially_marked is not None:
            named = [runs.find(key) for key in self.initially_marked]
            if any(entry is not None and entry.is_probe for entry in named):
                self.options = replace(self.options, is_low_fidelity_shown=True)
            for key in self.initially_marked or [entry.key for entry in self.shown]:
                self.marks.add(key)
            self.initially_marked = None
            if self.options.sort:  # as it was chosen when the study was compared before
                self._keep_order()
        self.marks.keep(entry.key for entry in runs.entries)

    def toggle_marks(self, keys: Sequence[str]) -> None:
        """Mark runs, such as a group's; where all are marked, unmark them."""
        is_all = all(self.marks.of(key) for key in keys)
        for key in keys:
            if is_all or not self.marks.of(key):
                self.marks.toggle(key)

    def toggle_all_marks(self) -> None:
        """Mark all shown runs; where all are marked, unmark every run."""
        keys = [entry.key for entry in self.shown]
        if all(self.marks.of(key) for key in keys):
            self.marks.keep(())
            return
        for key in keys:
            self.marks.add(key)

    def toggle_pin(self, key: str) -> None:
        """Pin a run as the baseline of all runs; unpin it where it is pinned."""
        is_pinned = self.pin is not None and self.pin.key == key
        self.pin = None if is_pinned else self.runs.find(key)
        self.differences, self.unpaired = {}, {}

    def take_differences(self, key: str, found: Differences | str) -> bool:
        """Take a run's differences, or why it has none; return whether that is new."""
        if isinstance(found, str):
            is_new = key not in self.unpaired
            self.unpaired[key] = found
            return is_new
        is_new = self.differences.get(key) != found
        self.differences[key] = found
        return is_new

    @property
    def problem(self) -> str:
        """What could not be read, or not be compared with the pinned run; empty without one."""
        if self.pin is not None and self.unpaired:
            key, why = next(iter(self.unpaired.items()))
            more = f" (and {len(self.unpaired) - 1} more)" if len(self.unpaired) > 1 else ""
            return f"{key}{more}: not compared. {why}"
        problems = [*self.runs.problems, *problems_of(self.runs.entries)]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return f"{problems[0]}{more}" if problems else ""

    def set_filter(self, expression: str) -> None:
        """Show only runs that match an expression."""
        self.options = replace(self.options, filter=expression)

    def set_columns(self, names: str) -> None:
        """Show columns by name; empty shows the default ones.

        Raises:
            UsageError: one of them does not exist.
        """
        columns_named(names or "run")
        self.options = replace(self.options, columns=names.strip())

    def order_by(self, name: str) -> None:
        """Order by a column, best values first; the same one again reverses, empty is no order.

        References and controls stay on top: the others are compared with them.
        """
        current = self.options.sort
        if name and name == current.removeprefix("-"):
            sort = name if current.startswith("-") else f"-{name}"
        else:
            is_falling = bool(name) and column_named(name).higher_is_better is True
            sort = f"-{name}" if is_falling else name
        self.options = replace(self.options, sort=sort)
        self._keep_order()

    def _keep_order(self) -> None:
        """Take the places of the runs in the order that was chosen."""
        entries = sort_runs(self.runs.entries, self.options.sort)
        entries.sort(key=lambda entry: entry.folder.is_reference or entry.folder.is_control,
                     reverse=True)  # fmt: skip
        self.places = {entry.key: at for at, entry in enumerate(entries)}
        self._kept = None

    def group_by_next(self) -> None:
        """Group by the next columns; after the last, not at all."""
        at = (GROUPINGS.index(self.options.group) + 1) % len(GROUPINGS)
        self.options = replace(self.options, group=GROUPINGS[at])

    def toggle_low_fidelity(self) -> None:
        """Show the low-fidelity runs of searches, or hide and unmark them."""
        is_shown = not self.options.is_low_fidelity_shown
        self.options = replace(self.options, is_low_fidelity_shown=is_shown)
        if not is_shown:
            self.marks.keep(entry.key for entry in split_by_fidelity(self.runs.entries)[0])

    def toggle_same_hidden(self) -> None:
        """Hide columns in which all runs are equal, or show them again."""
        self.options = replace(self.options, is_same_hidden=not self.options.is_same_hidden)

    def choose_tab(self, tab: str) -> bool:
        """Show a tab, or the next side of the current one; return whether the tab changed."""
        is_other = tab != self.tab
        self.side = 0 if is_other else next_side(tab, self.side)
        self.tab = tab
        return is_other

    def request_tab(
        self, current: str | None, width: int, tab: str = "", side: int = 0
    ) -> TabRequest:
        """Return what computes a tab, by default the chosen one.

        `current` is the run under the cursor, `width` in cells.
        """
        entry = self.runs.find(current) if current else None
        side = side if tab else self.side
        return TabRequest(
            tab or self.tab, self.marked, entry, self.runs, self.pin, side, width, tuple(self.shown)
        )

    def subject_of(self, selected: str | None) -> str | None:
        """Return the run under the cursor, for a baseline the run that fell most, else the first.

        About a baseline there is nothing to see.
        """
        entry = self.runs.find(selected or "")
        if entry is not None and not self._is_baseline(entry):
            return selected
        first = next((each.key for each in self.shown if not self._is_baseline(each)), None)
        return self.worst or first

    def _is_baseline(self, entry: RunRecord) -> bool:
        """Return whether others are compared with a run: the pinned one, or those trained alike."""
        return entry.key == self.pin.key if self.pin else not entry.folder.is_compared

    @property
    def metrics(self) -> list[Metric]:
        """The metrics whose changes can be shown, the primary one first; empty without runs."""
        if not self.runs.entries:
            return []
        first = primary_metric(task_of(self.shown))
        known = {name for found in self.differences.values() for name in found.by_metric}
        others = [metric for name in known if (metric := metric_named(name)) and metric != first]
        return [first, *sorted(others, key=lambda metric: metric.name)]

    @property
    def worst(self) -> str | None:
        """Key of the shown run that fell most; None before any change is known."""
        name = primary_metric(task_of(self.shown)).name
        falls = {
            entry.key: found.by_metric[name].value
            for entry in self.shown
            if entry.folder.is_compared
            and entry.key != self.pinned_key
            and (found := self.differences.get(entry.key))
            and name in found.by_metric
        }
        return min(falls, key=lambda key: falls[key], default=None)

    def prepare_rows(self) -> Callable[[], CompareRows]:
        """Return a function that makes the table's rows; it blocks: call it in a thread."""
        differences = dict(self.differences)
        return partial(make_rows, self.shown, self.options, differences, self.pin)
