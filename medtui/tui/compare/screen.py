"""Compare: any runs of any studies, side by side. Reads and computes in threads."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.events import Click
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from medtui.analysis.differences import Differences
from medtui.analysis.filters import filter_of_study
from medtui.analysis.run_record import task_of
from medtui.analysis.run_titles import title_of_run
from medtui.charts.palette import Colours
from medtui.metrics import primary_metric
from medtui.monitor.snapshot import Snapshot
from medtui.tui.compare.bindings import COMPARE_BINDINGS
from medtui.tui.compare.content import CompareContent
from medtui.tui.compare.contents import compute_content, compute_differences
from medtui.tui.compare.filter_line import CompareFilter
from medtui.tui.compare.first_run import FirstRun
from medtui.tui.compare.model import ComparisonLoader, FinishedRuns
from medtui.tui.compare.panels import ForestPanel, TabStrip
from medtui.tui.compare.rows import CompareRows, TableOptions
from medtui.tui.compare.state import CompareState, CompareView
from medtui.tui.compare.subgroups_pane import SubgroupsPane
from medtui.tui.compare.tab_area import TabArea
from medtui.tui.compare.table import CompareTable
from medtui.tui.compare.table_title import describe_table
from medtui.tui.compare.tabs import OF_CURRENT, SUBGROUPS, Pane, TabRequest
from medtui.tui.compare.walking import run_at
from medtui.tui.threads import call_for
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.title_bar import TitleBar

_Requests = Mapping[Pane, TabRequest]

_SHOW_EVERY_S = 0.3
"""Interval between redraws of the table while changes are computed, seconds."""


class CompareScreen(CompareContent):
    """A table of finished runs; below it, tabs that compare the marked ones."""

    HELP = (
        "The table lists finished runs. Press Space to mark runs: the tabs below show the marked "
        "runs, each with its letter and colour, which its study gives it for good. Press p to pin "
        "the run under the cursor as the baseline; otherwise each run is compared with its study's "
        "control ◆, which was trained alike without a scheme, or where there is none with the "
        "reference ◇. Each change has a 95 % interval from a paired jackknife over patients. "
        "Example of a filter: scheme=Prune density<0.5 OR has:latency NOT acc<90% run~malaria; a "
        "single word matches names. Low-fidelity runs of a search ran fewer cycles; they are "
        "hidden, and not part of Pareto fronts and means. Press P to show them: ○ is a "
        "low-fidelity run, ★ the run that is chosen, on val or by a search, » the pinned run."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]

    AUTO_FOCUS = "#compared"

    BINDINGS = [*COMPARE_BINDINGS]

    def __init__(
        self, runs_dir: Path, marked: Iterable[str], study: str, view: CompareView | None = None,
        run: str = "",
    ) -> None:  # fmt: skip
        """Show the runs of a study, or all where its name is empty, as they were viewed before.

        The cursor begins on `run`, the key of one of them, else on the chosen one.
        """
        super().__init__()
        expression = filter_of_study(study) if study else ""
        self._runs_dir = runs_dir
        self._loader = ComparisonLoader(runs_dir)
        options = replace(view.options if view else TableOptions(), filter=expression)
        self._state = CompareState(options, tuple(marked), view.pin if view else "")
        self._rows: CompareRows | None = None
        self._first_run = FirstRun(run)
        self._known: list[tuple[int, Mapping[str, str]]] | None = None
        """Finished runs and search outcomes of each study when the runs were last read."""

    @property
    def chosen_view(self) -> CompareView:
        """Order, columns and pin, for the next time that the study is compared."""
        return self._state.view

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield CompareTable()
        yield Static(id="search")
        yield TabStrip(id="tabs")
        yield TabArea()
        yield CompareFilter(self._state.options.filter)
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what is being read, below frames and titles."""
        self._show_title()
        self.query_one(CompareTable).caption("reading the runs …")

    def show(self, snapshot: Snapshot) -> None:
        """Read the runs again when one has finished or was deleted, or a search has progressed."""
        known = [(study.num_finished, study.searches) for study in snapshot.studies]
        if known != self._known:
            self._known = known
            self._load()
        elif self._state.runs.entries:
            self._show_table()

    def on_resize(self) -> None:
        self._show_tabs()
        if self._state.runs.entries:
            self._refresh()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show what is about the run under the cursor."""
        if event.data_table.id != "compared":
            return
        self._show_search()
        self._show_forest()
        self._light()
        self._compute_shown(is_about_run=True)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the run; on a patient, show its images on the whole screen."""
        if event.data_table.id == "compared":
            self.action_open_run()
        else:
            self.query_one(SubgroupsPane).zoom_images(is_zoomed=True)

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        self._state.set_filter(message.text)
        self._refresh()
        if not self.query_one(CompareFilter).display:
            self.query_one(CompareTable).focus()

    def on_forest_panel_row_chosen(self, message: ForestPanel.RowChosen) -> None:
        self.query_one(CompareTable).select(message.key)

    def on_click(self, event: Click) -> None:
        """Go to the run whose point was clicked; of a curve, the chart reads the values."""
        chart = event.widget
        if not isinstance(chart, Chart) or chart.plot is None or chart.viewport.cursor is None:
            return
        keys = {run.mark.letter: run.entry.key for run in self._state.marked}
        key = run_at(chart.plot, keys, chart.viewport.cursor)
        if key is not None:
            chart.set_viewport(replace(chart.viewport, cursor=None))
            self.query_one(CompareTable).select(key)

    def on_tab_strip_chosen(self, message: TabStrip.Chosen) -> None:
        self._choose_tab(message.tab)

    @work(thread=True, exclusive=True, group="load", description="read runs")
    def _load(self) -> None:
        runs = self._loader.load()
        call_for(self, self._take_runs, runs)

    def _take_runs(self, runs: FinishedRuns) -> None:
        self._state.take(runs)
        if self._rows is None:
            self._show_table()  # first, and then what takes longer
        else:
            self._refresh()

    def _refresh(self) -> None:
        """Show the table again, and compute the tab again."""
        self._show_table()
        self._fill_tab()

    def _show_table(self) -> None:
        self._make_rows(self._state.prepare_rows())

    @work(thread=True, exclusive=True, group="rows", description="make rows")
    def _make_rows(self, make: Callable[[], CompareRows]) -> None:
        rows = make()
        if not get_current_worker().is_cancelled:
            call_for(self, self._show_rows, rows)

    def _show_rows(self, rows: CompareRows) -> None:
        is_first, self._rows = self._rows is None, rows
        state, table = self._state, self.query_one(CompareTable)
        table.show_rows(rows, state.marks, self.colours)
        first = self._first_run.place(
            table.selected, [run.entry for run in state.marked], state.differences,
            primary_metric(task_of(state.shown)),
        )  # fmt: skip
        if first is not None:
            table.select(first)
        below = table.footing(rows)
        table.caption(describe_table(state, rows), Text(below, style=self.colours.muted))
        self._show_title()
        self._show_search()
        self._show_forest()
        self._light()
        if is_first:  # before, no run was under the cursor
            self._fill_tab()

    def _show_title(self) -> None:
        where = f"medtui  Compare ▸ {SUBGROUPS}" if self._is_whole else "medtui  Compare"
        problem = Text(self._state.problem, style=self.colours.warning)
        self.query_one(TitleBar).show(Text(where, style="bold"), problem)

    def _fill_tab(self) -> None:
        """Compute the tab, and the changes of the marked runs."""
        self._compute_shown()
        request = self._state.request_tab(None, 0)
        self._compute_changes(request)

    def _compute_shown(self, *, is_about_run: bool = False) -> None:
        """Compute what the tab shows in a thread; the screen's state is read here.

        With `is_about_run`, only what is about the run under the cursor.
        """
        area, state = self.query_one(TabArea), self._state
        area.display_tab(state.tab, state.side, self.size)
        selected = self.query_one(CompareTable).selected_run
        if state.tab in OF_CURRENT:
            entry = state.runs.find(selected) if selected else None
            name = title_of_run(entry) if entry else ""
            area.show_words(Text(f"computing {name} …", self.colours.muted), self.colours)
        width = area.main_width
        if state.tab not in OF_CURRENT:
            selected = state.subject_of(selected)
        requests = {
            pane: state.request_tab(selected, width, tab, side)
            for pane, (tab, side) in area.panes_for(state.tab, state.side, self.size).items()
            if not is_about_run or tab in OF_CURRENT
        }
        of_run = {pane: each for pane, each in requests.items() if each.tab in OF_CURRENT}
        if of_run:
            self._compute_of_run(of_run, self.colours)
        if len(requests) > len(of_run):
            self._compute_tab(
                {pane: each for pane, each in requests.items() if pane not in of_run}, self.colours
            )

    @work(thread=True, exclusive=True, group="tab", description="compute a tab")
    def _compute_tab(self, requests: _Requests, colours: Colours) -> None:
        """Compute what is about all marked runs."""
        self._compute_panes(requests, colours)

    @work(thread=True, exclusive=True, group="run", description="compute a run")
    def _compute_of_run(self, requests: _Requests, colours: Colours) -> None:
        """Compute what is about the run under the cursor; the next run takes its place."""
        self._compute_panes(requests, colours)

    def _compute_panes(self, requests: _Requests, colours: Colours) -> None:
        worker = get_current_worker()
        for pane, request in requests.items():
            content = compute_content(self._loader, request, colours)
            if worker.is_cancelled:
                return
            call_for(self, self._show_content, pane, request, content)

    @work(thread=True, exclusive=True, group="changes", description="compute changes")
    def _compute_changes(self, request: TabRequest) -> None:
        """Compute the table's differences, and show from time to time what is known."""
        worker, found = get_current_worker(), dict[str, Differences | str]()
        due_at = time.monotonic() + _SHOW_EVERY_S
        for key, change in compute_differences(self._loader, request):
            if worker.is_cancelled:
                return
            found[key] = change
            if time.monotonic() >= due_at:
                call_for(self, self._take_differences, found)
                found, due_at = {}, time.monotonic() + _SHOW_EVERY_S
        if found:
            call_for(self, self._take_differences, found)

    def _take_differences(self, found: Mapping[str, Differences | str]) -> None:
        """Show what became known; no row is made again for it."""
        is_new = [self._state.take_differences(key, change) for key, change in found.items()]
        if any(is_new) and self._rows is not None:
            self._show_rows(self._rows.with_differences(dict(self._state.differences)))

    def _show_search(self) -> None:
        """Show the outcome of the search of the scheme under the cursor; at a reference, any."""
        selected = self.query_one(CompareTable).selected_run
        entry = self._state.runs.find(selected) if selected else None
        study = self.snapshot.study(entry.folder.study.name) if entry and self.snapshot else None
        line = self.query_one("#search", Static)
        outcome = study.search_of(entry.result.scheme) if entry and study else ""
        line.display = bool(outcome) and not self._is_whole
        line.update(Text(outcome, style=self.colours.muted))

    def _show_tabs(self) -> None:
        self.query_one(TabStrip).show(self._state.tab, self.size.width, self.colours)
