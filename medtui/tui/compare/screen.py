"""Compare: any runs of any studies, side by side. Reads and computes in threads."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static
from textual.worker import get_current_worker

from medtui.analysis.differences import Differences
from medtui.charts.palette import Colours
from medtui.charts.plot import Plot
from medtui.charts.viewport import Viewport, apply_viewport
from medtui.errors import MedtuiError
from medtui.monitor.snapshot import Snapshot
from medtui.tui.actions.messages import ChartExportRequested, ModelExportRequested
from medtui.tui.clipboard import copy_text
from medtui.tui.compare.bindings import COMPARE_BINDINGS
from medtui.tui.compare.model import ComparisonLoader, FinishedRuns
from medtui.tui.compare.rows import CompareRows, TableOptions
from medtui.tui.compare.state import CompareState
from medtui.tui.compare.table import CompareTable
from medtui.tui.compare.tabs import (
    SUBGROUPS,
    TABS,
    TabContent,
    TabRequest,
    compute_content,
    compute_differences,
    describe_tabs,
)
from medtui.tui.screens.prompt import Prompt
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.chart_keys import Adjustment, adjust_chart, close_view
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.table_view import TableView
from medtui.tui.widgets.title_bar import TitleBar


class CompareScreen(SnapshotScreen):
    """A table of finished runs; below it, tabs that compare the marked ones."""

    HELP = (
        "The table lists finished runs. Press Space to mark runs: the tabs below show the marked "
        "runs, each with its letter and colour. Press p to pin the run under the cursor as the "
        "baseline; otherwise each run is compared with its study's control, which was trained "
        "alike without a scheme, or where there is none with the reference. Each change has a 95 "
        "% interval from a paired jackknife over patients. Example of a filter: scheme=Prune "
        "density<0.5 acc>90% run~malaria; a single word matches names. Low-fidelity runs of a "
        "search ran fewer cycles; they are hidden, and not part of Pareto fronts and means. Press "
        "P to show them: ○ is a low-fidelity run, ★ the run of the chosen density."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]

    AUTO_FOCUS = "#compared"

    BINDINGS = [*COMPARE_BINDINGS]

    def __init__(self, runs_dir: Path, marked: Iterable[str], expression: str) -> None:
        super().__init__()
        self._loader = ComparisonLoader(runs_dir)
        self._state = CompareState(TableOptions(filter=expression), tuple(marked))
        self._known: list[tuple[int, Mapping[str, str]]] | None = None
        """Finished runs and search outcomes of each study when the runs were last read."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield CompareTable()
        yield Static(id="search")
        yield Static(id="tabs")
        with Container(id="tab"):
            yield Chart(id="tab-chart")
            yield TableView(id="tab-tables")
        yield FilterInput(
            self._state.options.filter, placeholder="scheme=Prune density<0.5 acc>90% name ..."
        )
        yield KeyBar()

    @property
    def chart(self) -> Chart | None:
        """The tab's chart; None where the tab has none."""
        chart = self.query_one("#tab-chart", Chart)
        return chart if chart.display else None

    @property
    def has_table(self) -> bool:
        """Whether results can be shown; a closing screen loses its widgets first."""
        return self.is_attached and bool(self.query(CompareTable))

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

    def on_data_table_row_highlighted(self) -> None:
        """Show the search and subgroups of the run under the cursor."""
        self._show_search()
        if self._state.tab == SUBGROUPS:
            self._fill_tab()

    def on_data_table_row_selected(self) -> None:
        self.action_mark()

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        self._state.set_filter(message.text)
        self._show_table()
        if not self.query_one(FilterInput).display:
            self.query_one(CompareTable).focus()

    def action_filter(self) -> None:
        self.query_one(FilterInput).open()

    def action_sort(self, direction: int) -> None:
        """Sort by the next column; with a negative direction, reverse the order."""
        if direction > 0:
            self._state.sort_by_next_column()
        else:
            self._state.reverse_order()
        self._show_table()

    def action_group(self) -> None:
        self._state.group_by_next()
        self._show_table()

    def action_low_fidelity(self) -> None:
        self._state.toggle_low_fidelity()
        self._refresh()

    def action_hide_same(self) -> None:
        self._state.toggle_same_hidden()
        self._show_table()

    def action_columns(self) -> None:
        names = ", ".join(column.name for column in self._state.columns)
        self.app.push_screen(
            Prompt("Columns, by name or prefix (empty shows the default columns):", names),
            self._set_columns,
        )

    def action_mark(self) -> None:
        """Mark or unmark the run under the cursor; on a group's line, all of its runs."""
        keys = self.query_one(CompareTable).selected_runs
        if keys:
            self._state.toggle_marks(keys)
            self._refresh()

    def action_mark_all(self) -> None:
        self._state.toggle_all_marks()
        self._refresh()

    def action_pin(self) -> None:
        selected = self.query_one(CompareTable).selected_run
        if selected is not None:
            self._state.toggle_pin(selected)
            self._refresh()

    def action_tab(self, key: str) -> None:
        """Show a tab; for the current tab, show its other plot."""
        if self._state.choose_tab(TABS[int(key) - 1]):
            self.query_one("#tab-chart", Chart).viewport = Viewport()
            self._show_content((Text("computing …", self.colours.muted),))
        self._show_tabs()
        self._fill_tab()

    def action_next_tab(self, step: int) -> None:
        at = (TABS.index(self._state.tab) + step) % len(TABS)
        self.action_tab(str(at + 1))

    def action_adjust_chart(self, adjustment: Adjustment) -> None:
        adjust_chart(self.chart, adjustment)

    def action_full(self) -> None:
        self.toggle_class("-full")

    def action_copy(self) -> None:
        self.notify(copy_text(self.app, self.query_one(CompareTable).as_text()), markup=False)

    def close_layer(self) -> bool:
        """Reset the chart's view, else show the table again."""
        return close_view(self, self.chart)

    def action_export(self) -> None:
        """Write the chart to files, in the folder of the first marked run."""
        chart, runs = self.chart, self._state.marked
        if chart is not None and chart.plot is not None and runs:
            seen = apply_viewport(chart.viewport, chart.plot)
            self.post_message(ChartExportRequested(runs[0].entry.key, seen))

    def action_export_model(self) -> None:
        selected = self.query_one(CompareTable).selected
        if selected:
            self.post_message(ModelExportRequested(selected))

    def _set_columns(self, names: str | None) -> None:
        if names is None:
            return
        try:
            self._state.set_columns(names)
        except MedtuiError as error:
            self.notify(str(error), title="Unknown column", severity="error", markup=False)
        else:
            self._show_table()

    @work(thread=True, exclusive=True, group="load")
    def _load(self) -> None:
        runs = self._loader.load()
        self.app.call_from_thread(self._take_runs, runs)

    def _take_runs(self, runs: FinishedRuns) -> None:
        if self.has_table:
            self._state.take(runs)
            self._refresh()

    def _refresh(self) -> None:
        """Show the table again, and compute the tab again."""
        self._show_table()
        self._fill_tab()

    def _show_table(self) -> None:
        self._make_rows(self._state.prepare_rows())

    @work(thread=True, exclusive=True, group="rows")
    def _make_rows(self, make: Callable[[], CompareRows]) -> None:
        rows = make()
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._show_rows, rows)

    def _show_rows(self, rows: CompareRows) -> None:
        if not self.has_table:
            return
        state, table = self._state, self.query_one(CompareTable)
        table.show_rows(rows, state.marks, self.colours)
        table.caption(state.describe(rows.entries), Text(rows.baseline, style=self.colours.muted))
        self.query_one(TitleBar).show(
            Text("medtui  Compare", style="bold"), Text(state.problem, style=self.colours.warning)
        )
        self._show_search()

    def _fill_tab(self) -> None:
        """Compute the tab in a thread; the screen's state is read here."""
        selected = self.query_one(CompareTable).selected_run
        width = self.query_one("#tab").size.width - 4
        self._compute_tab(self._state.request_tab(selected, width), self.colours)

    @work(thread=True, exclusive=True, group="tab")
    def _compute_tab(self, request: TabRequest, colours: Colours) -> None:
        """Compute the tab, then the table's differences one by one."""
        worker = get_current_worker()
        for content in compute_content(self._loader, request, colours):
            if worker.is_cancelled:
                return
            self.app.call_from_thread(self._show_content, content)
        for key, found in compute_differences(self._loader, request):
            if worker.is_cancelled:
                return
            self.app.call_from_thread(self._take_differences, key, found)

    def _take_differences(self, key: str, found: Differences | str) -> None:
        if self._state.take_differences(key, found):
            self._show_table()

    def _show_content(self, content: TabContent) -> None:
        if not self.has_table:
            return
        chart, tables = self.query_one("#tab-chart", Chart), self.query_one(TableView)
        chart.display, tables.display = isinstance(content, Plot), not isinstance(content, Plot)
        if isinstance(content, Plot):
            chart.show(content, self.chart_style)
        else:
            tables.caption(self._state.tab)
            tables.show(content, self.colours)

    def _show_search(self) -> None:
        """Show the outcome of the search of the scheme under the cursor; at a reference, any."""
        selected = self.query_one(CompareTable).selected_run
        entry = self._state.runs.find(selected) if selected else None
        study = self.snapshot.study(entry.folder.study.name) if entry and self.snapshot else None
        line = self.query_one("#search", Static)
        outcome = study.search_of(entry.result.scheme) if entry and study else ""
        line.display = bool(outcome)
        line.update(Text(outcome, style=self.colours.muted))

    def _show_tabs(self) -> None:
        line = describe_tabs(self._state.tab, self.size.width, self.colours)
        self.query_one("#tabs", Static).update(line)
