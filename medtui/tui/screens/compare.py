"""Compare: any runs of any studies, side by side. Reads and works in threads."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Footer, Static
from textual.worker import get_current_worker

from medtui.analysis.run_tables import short_name
from medtui.charts.figures.data import ChartedRun
from medtui.charts.palette import Colours
from medtui.charts.plot import Plot
from medtui.charts.selection import Marks
from medtui.charts.viewport import Lens, look_through
from medtui.errors import MedtuiError
from medtui.monitor.snapshot import Snapshot
from medtui.tui.actions import ExportWanted, ModelWanted
from medtui.tui.bindings import bind
from medtui.tui.compare.model import Board, Workbench
from medtui.tui.compare.tabs import TABS, Content, Request, make_content, moved_images
from medtui.tui.screens.chart_actions import Looking
from medtui.tui.screens.compare_state import Choosing, View
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.compare_table import CompareTable, TableView
from medtui.tui.widgets.filter_input import SearchLine
from medtui.tui.widgets.table_view import SheetView
from medtui.tui.widgets.title_bar import TitleBar

MOST_COMPARED = 40
"""Marked runs whose differences are worked out for the table."""


class CompareScreen(Looking, Choosing):
    """A table of finished runs; below it what the marked ones have in common and what not."""

    HELP = (
        "The table lists finished runs. Space marks runs: the tabs below draw the marked ones, "
        "each with its letter and colour. p pins the run under the cursor as the baseline; without "
        "a pin each run is held against its own study's reference. A change stands with its 95 % "
        "interval, from the same resampled patients for both. Filters: scheme=Prune density<0.5 "
        "acc>90% run~malaria; a word alone is searched in the name. A search's probes, which ran "
        "fewer cycles, are hidden until P shows them: ○ is a probe, ★ the chosen density; no front "
        "and no mean takes probes for runs."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]

    AUTO_FOCUS = "#compared"

    BINDINGS = [
        bind("space", "mark", "Mark", "Mark the run under the cursor, or take its mark away"),
        bind("a", "mark_all", "All", "Mark all runs in the table, or none"),
        bind("p", "pin", "Pin", "Take the run under the cursor as the baseline, or none"),
        *(
            bind(str(at), f"tab('{at}')", tab, f"Show {tab.lower()}", shown=False)
            for at, tab in enumerate(TABS, 1)
        ),
        bind("tab", "next_tab(1)", "Tab", "Show the next tab"),
        bind("shift+tab", "next_tab(-1)", "Tab before", "Show the tab before", shown=False),
        bind("f", "full", "Full", "Give the tab the whole screen", shown=False),
        bind("x", "export", "Export", "Write the chart to files: PNG, SVG, CSV", shown=False),
        bind("e", "export_model", "Export model",
             "Write the model of the run under the cursor as files: ONNX, pt2, int8, ...",
             shown=False),
        bind("escape", "back", "Back", "Back to the table, to the studies"),
    ]  # fmt: skip

    def __init__(self, runs_dir: Path, marked: Iterable[str], wanted: str) -> None:
        super().__init__()
        self._bench = Workbench(runs_dir)
        self._view = View(wanted=wanted)
        self._found = {}
        self._tab = TABS[0]
        self._is_turned = False
        self._first_marked: tuple[str, ...] | None = tuple(marked)
        self._marks: Marks | None = None
        self._known: list[tuple[int, Mapping[str, str]]] | None = None
        """Of each study the finished runs and its searches' outcomes, when runs were last read."""

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield TitleBar()
        yield CompareTable()
        yield Static(id="search")
        yield Static(id="tabs")
        with Container(id="tab"):
            yield Chart(id="tab-chart")
            yield SheetView(id="tab-sheets")
        yield SearchLine(self._view.wanted, placeholder="scheme=Prune density<0.5 acc>90% name ...")
        yield Footer()

    @property
    def chart(self) -> Chart | None:
        """The tab's chart; None where the tab is no chart."""
        chart = self.query_one("#tab-chart", Chart)
        return chart if chart.display else None

    @property
    def marks(self) -> Marks:
        """The marked runs."""
        if self._marks is None:
            self._marks = Marks()
        return self._marks

    def show(self, snapshot: Snapshot) -> None:
        """Read again when a run has finished or is gone, or a search knows more."""
        known = [(study.num_finished, study.searches) for study in snapshot.studies]
        if known != self._known:
            self._known = known
            self._load()
        elif self._board.entries:
            self._show_table()

    @work(thread=True, exclusive=True, group="load")
    def _load(self) -> None:
        board = self._bench.load()
        self.app.call_from_thread(self._take_board, board)

    def _take_board(self, board: Board) -> None:
        if not self.has_table:
            return
        self._board = board
        self.marks.identities = board.identities
        if self._first_marked is not None:
            named = [board.find(key) for key in self._first_marked]
            if any(entry is not None and entry.is_probe for entry in named):
                self._view = replace(self._view, are_probes_shown=True)
            for key in self._first_marked or [entry.key for entry in self._chosen()]:
                self.marks.add(key)
            self._first_marked = None
        self.marks.keep(entry.key for entry in board.entries)
        self._show_table()
        self._work_out()

    def _work_out(self) -> None:
        """Fill the tab; what the screen knows is asked for here, not in the thread."""
        self._fill(self._request(), self.colours)

    @work(thread=True, exclusive=True, group="tab")
    def _fill(self, asked: Request, colours: Colours) -> None:
        """Fill the tab, then the table's changes one by one."""
        worker = get_current_worker()
        content = make_content(self._bench, asked, colours)
        if worker.is_cancelled:
            return
        self.app.call_from_thread(self._put_content, content)
        if asked.tab == "Who was hurt" and not isinstance(content, Plot):
            images = moved_images(self._bench, asked, colours)
            if not worker.is_cancelled:
                self.app.call_from_thread(self._put_content, (*content, images))
        for run in asked.runs[:MOST_COMPARED]:
            try:
                found = self._bench.differences_of(run.entry, asked.board, asked.pin)
            except MedtuiError:
                continue
            if worker.is_cancelled:
                return
            if found is not None and self._found.get(run.entry.key) != found:
                self._found[run.entry.key] = found
                self.app.call_from_thread(self._show_table)

    def _request(self) -> Request:
        marked = [(mark, self._board.find(mark.key)) for mark in self.marks]
        entries = [entry for _, entry in marked if entry is not None]
        runs = tuple(
            ChartedRun(entry, mark, short_name(entry, entries))
            for mark, entry in marked
            if entry is not None
        )
        selected = self.query_one(CompareTable).selected_run
        return Request(
            self._tab,
            runs,
            self._board.find(selected) if selected else None,
            self._board,
            self._pin,
            self._is_turned,
            self.query_one("#tab").size.width - 4,
        )

    def _put_content(self, content: Content) -> None:
        if not self.has_table:
            return
        chart, sheets = self.query_one("#tab-chart", Chart), self.query_one(SheetView)
        chart.display, sheets.display = isinstance(content, Plot), not isinstance(content, Plot)
        if isinstance(content, Plot):
            chart.show(content, self.chart_style)
        else:
            sheets.caption(self._tab)
            sheets.show(content, self.colours)

    def _put_table(self, view: TableView) -> None:
        super()._put_table(view)
        if self.has_table:
            self._show_search()

    def _show_search(self) -> None:
        """Say what the search of the scheme under the cursor came to; at a reference, the first."""
        selected = self.query_one(CompareTable).selected_run
        entry = self._board.find(selected) if selected else None
        study = self.snapshot.study(entry.folder.study.name) if entry and self.snapshot else None
        line = self.query_one("#search", Static)
        said = study.search_of(entry.result.scheme) if entry and study else ""
        line.display = bool(said)
        line.update(Text(said, style=self.colours.muted))

    def on_data_table_row_highlighted(self) -> None:
        """Show the run the cursor came to, where something is about one run."""
        self._show_search()
        if self._tab == "Who was hurt":
            self._work_out()

    def on_data_table_row_selected(self) -> None:
        """Mark it: Enter does what space does."""
        self.action_mark()

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away; a group's runs all alike."""
        keys = self.query_one(CompareTable).selected_runs
        is_all = all(self.marks.of(key) for key in keys)
        for key in keys:
            if is_all or not self.marks.of(key):
                self.marks.toggle(key)
        if keys:
            self._refresh()

    def action_mark_all(self) -> None:
        """Mark all runs in the table; where all are marked, none."""
        keys = [entry.key for entry in self._chosen()]
        if all(self.marks.of(key) for key in keys):
            self.marks.keep(())
            keys = []
        for key in keys:
            self.marks.add(key)
        self._refresh()

    def action_pin(self) -> None:
        """Hold all runs against the one under the cursor; again: each against its reference."""
        selected = self.query_one(CompareTable).selected_run
        if selected is None:
            return
        is_pinned = self._pin is not None and self._pin.key == selected
        self._pin = None if is_pinned else self._board.find(selected)
        self._found = {}
        self._refresh()

    def action_tab(self, key: str) -> None:
        """Show a tab; a second time, its other side."""
        tab = TABS[int(key) - 1]
        self._is_turned = tab == self._tab and not self._is_turned
        is_other, self._tab = tab != self._tab, tab
        if is_other:
            self.query_one("#tab-chart", Chart).lens = Lens()
            self._put_content((Text("working …", self.colours.muted),))
        self._show_tabs()
        self._work_out()

    def action_next_tab(self, step: int) -> None:
        """Show the next tab."""
        at = (TABS.index(self._tab) + step) % len(TABS)
        self.action_tab(str(at + 1))

    def action_export(self) -> None:
        """Write the chart to files, beside the first marked run."""
        chart, runs = self.chart, self._request().runs
        if chart is not None and chart.plot is not None and runs:
            seen = look_through(chart.lens, chart.plot)
            self.post_message(ExportWanted(runs[0].entry.key, seen))

    def action_export_model(self) -> None:
        """Choose the files that the model of the run under the cursor is written as."""
        selected = self.query_one(CompareTable).selected
        if selected:
            self.post_message(ModelWanted(selected))

    def _show_tabs(self) -> None:
        """Name the tabs; where there is little room, the current one alone."""
        is_narrow = self.size.width < sum(len(tab) + 4 for tab in TABS)
        text = Text(" ")
        for at, tab in enumerate(TABS, 1):
            is_current = tab == self._tab
            name = f"{at}" if is_narrow and not is_current else f"{at} {tab}"
            style = f"bold reverse {self.colours.accent}" if is_current else self.colours.muted
            text.append(f" {name} ", style)
            text.append(" ")
        self.query_one("#tabs", Static).update(text)

    def on_resize(self) -> None:
        """Fit the line of tabs to the new width."""
        self._show_tabs()

    def _refresh(self) -> None:
        self._show_table()
        self._work_out()
