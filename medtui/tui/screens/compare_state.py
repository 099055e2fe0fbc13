"""Which runs Compare's table shows, in which order, with which columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text
from textual import work
from textual.worker import get_current_worker

from medtui.analysis.columns import Column, column_named, columns_named, differing, usual_columns
from medtui.analysis.differences import Differences
from medtui.analysis.filters import parse_filter
from medtui.analysis.groups import group_row, group_runs
from medtui.analysis.low_fidelity import describe_low_fidelity, split_by_fidelity
from medtui.analysis.run_record import RunRecord
from medtui.analysis.sorting import sort_runs
from medtui.charts.selection import Marks
from medtui.errors import MedtuiError
from medtui.tui.bindings import bind
from medtui.tui.compare.model import Board
from medtui.tui.screens.prompt import Prompt
from medtui.tui.screens.snapshot_screen import ReaderScreen
from medtui.tui.widgets.compare_table import CompareTable, TableView
from medtui.tui.widgets.filter_input import SearchLine
from medtui.tui.widgets.title_bar import TitleBar

GROUPINGS = ("", "scheme", "scheme density", "density", "seed", "study")
"""What `g` goes through."""


@dataclass(frozen=True)
class View:
    """How the person looks at the table."""

    wanted: str = ""
    """The filter."""
    sort: str = ""
    """Column, `-` before it for falling values; empty keeps studies together."""
    columns: str = ""
    """Names; empty takes the usual ones."""
    is_same_hidden: bool = False
    group: str = ""
    """Columns to group by, apart by spaces; empty groups nothing."""
    are_probes_shown: bool = False


class Choosing(ReaderScreen):
    """A screen with a `CompareTable`; what is marked and pinned is for the screen to say."""

    BINDINGS = [
        bind("slash", "search", "Filter", "Show only runs for which an expression holds",
             display="/"),
        bind("o", "sort(1)", "Sort", "Sort by the next column"),
        bind("O", "sort(-1)", "Turn", "Turn the order round", shown=False),
        bind("g", "group", "Group", "Group by scheme, density, seed: mean and spread"),
        bind("P", "probes", "Probes", "Show the cheap samples of searches, or hide them",
             shown=False),
        bind("d", "hide_same", "Hide same", "Hide columns in which all runs are alike"),
        bind("v", "columns", "Columns", "Choose the columns by name"),
    ]  # fmt: skip

    _view: View
    _board = Board()
    _pin: RunRecord | None = None
    """The baseline; None holds each run against its study's reference."""
    _found: dict[str, Differences]
    """Run to its differences, as far as they are worked out."""

    @property
    def marks(self) -> Marks:
        """The marked runs."""
        raise NotImplementedError

    def _refresh(self) -> None:
        """Show the table again, and what is drawn of the marked runs."""
        raise NotImplementedError

    def _chosen(self) -> list[RunRecord]:
        """Give the runs that the filter lets through, in order; probes where they are shown."""
        return self._shown_of(self._filtered())

    def _shown_of(self, filtered: list[RunRecord]) -> list[RunRecord]:
        return filtered if self._view.are_probes_shown else split_by_fidelity(filtered)[0]

    def _filtered(self) -> list[RunRecord]:
        try:
            holds = parse_filter(self._view.wanted)
            entries = [entry for entry in self._board.entries if holds(entry)]
            return sort_runs(entries, self._view.sort)
        except MedtuiError:  # half a filter, while it is being typed
            return list(self._board.entries)

    def _facts(self, entries: Sequence[RunRecord]) -> list[Column]:
        view = self._view
        facts = columns_named(view.columns) if view.columns else usual_columns(entries)
        if all(fact.name != "run" for fact in facts):
            facts.insert(0, column_named("run"))
        return differing(facts, entries) if view.is_same_hidden else facts

    @property
    def has_table(self) -> bool:
        """Whether results can be shown; a screen that is being closed loses its widgets first."""
        return self.is_attached and bool(self.query(CompareTable))

    def _show_table(self) -> None:
        filtered = self._filtered()
        self._read_facts(tuple(self._shown_of(filtered)), self._say_probes(filtered))

    @work(thread=True, exclusive=True, group="facts")
    def _read_facts(self, entries: tuple[RunRecord, ...], probes: str) -> None:
        """Put the facts into words; some columns open files."""
        facts = tuple(self._facts(entries))
        texts = {entry.key: tuple(fact.text(entry) for fact in facts) for entry in entries}
        pin = self._pin.key if self._pin else ""
        groups = tuple(group_runs(entries, self._view.group.split()) if self._view.group else ())
        means = {group.label: group_row(group, facts) for group in groups}
        view = TableView(entries, facts, dict(self._found), pin, texts, groups, means, probes)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._put_table, view)

    def _put_table(self, view: TableView) -> None:
        if not self.has_table:
            return
        table = self.query_one(CompareTable)
        table.show_view(view, self.marks, self.colours)
        shown, total = (
            len(split_by_fidelity(each)[0]) for each in (view.entries, self._board.entries)
        )
        said = f"{shown} of {total} runs, {len(self.marks)} marked{view.probes}"
        wanted = f" · {self._view.wanted}" if self._view.wanted else ""
        order = f" · by {self._view.sort}" if self._view.sort else ""
        order += f" · grouped by {self._view.group}" if self._view.group else ""
        baseline = f"change: against {view.pin}" if view.pin else "change: against the reference"
        table.caption(f"{said}{wanted}{order}", Text(baseline, style=self.colours.muted))
        right = self._board.problems[0] if self._board.problems else ""
        self.query_one(TitleBar).show(
            Text("medtui  Compare", style="bold"), Text(right, style=self.colours.warning)
        )

    def _say_probes(self, filtered: list[RunRecord]) -> str:
        """Give how many probes there are among the filtered runs, and the key that shows them."""
        _, probes = split_by_fidelity(filtered)
        if not probes:
            return ""
        hidden = "" if self._view.are_probes_shown else " hidden: P shows them"
        return f" · {describe_low_fidelity(probes)}{hidden}"

    def action_search(self) -> None:
        """Ask for the filter."""
        self.query_one(SearchLine).open()

    def on_search_line_wanted(self, message: SearchLine.Wanted) -> None:
        """Filter the table."""
        self._view = replace(self._view, wanted=message.text)
        self._show_table()
        if not self.query_one(SearchLine).display:
            self.query_one(CompareTable).focus()

    def action_sort(self, direction: int) -> None:
        """Sort by the next column, best values first; or turn the order round."""
        names = [fact.name for fact in self._facts(self._chosen()) if fact.name != "run"]
        now = self._view.sort.removeprefix("-")
        if direction < 0:
            flipped = now if self._view.sort.startswith("-") else f"-{now}"
            self._view = replace(self._view, sort=flipped if now else "")
        else:
            at = names.index(now) + 1 if now in names else 0
            name = names[at] if at < len(names) else ""
            is_falling = bool(name) and column_named(name).higher_is_better is True
            self._view = replace(self._view, sort=f"-{name}" if is_falling else name)
        self._show_table()

    def action_group(self) -> None:
        """Group by the next columns; after the last, not at all."""
        at = (GROUPINGS.index(self._view.group) + 1) % len(GROUPINGS)
        self._view = replace(self._view, group=GROUPINGS[at])
        self._show_table()

    def action_probes(self) -> None:
        """Show the cheap samples of searches, or hide them; what is hidden is not marked."""
        self._view = replace(self._view, are_probes_shown=not self._view.are_probes_shown)
        if not self._view.are_probes_shown:
            self.marks.keep(entry.key for entry in split_by_fidelity(self._board.entries)[0])
        self._refresh()

    def action_hide_same(self) -> None:
        """Hide columns in which all runs are alike, or show them again."""
        self._view = replace(self._view, is_same_hidden=not self._view.is_same_hidden)
        self._show_table()

    def action_columns(self) -> None:
        """Ask for the columns."""
        names = ", ".join(fact.name for fact in self._facts(self._chosen()))
        self.app.push_screen(
            Prompt("Columns, by name or its beginning; empty takes the usual ones:", names),
            self._take_columns,
        )

    def _take_columns(self, names: str | None) -> None:
        if names is None:
            return
        try:
            columns_named(names or "run")
        except MedtuiError as error:
            self.notify(str(error), title="Not shown", severity="error", markup=False)
            return
        self._view = replace(self._view, columns=names.strip())
        self._show_table()
