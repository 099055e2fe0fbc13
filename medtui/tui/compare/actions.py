"""What Compare's keys do."""

from abc import abstractmethod
from dataclasses import dataclass

from textual.message import Message

from medtui.analysis.columns import all_columns
from medtui.charts.viewport import Viewport
from medtui.tui.actions.messages import ModelExportRequested
from medtui.tui.compare.dialogs import ColumnDialog, OrderDialog
from medtui.tui.compare.filter_line import CompareFilter
from medtui.tui.compare.headings import heading_of
from medtui.tui.compare.subgroups_pane import PatientTable, SubgroupsPane
from medtui.tui.compare.table import CompareTable
from medtui.tui.compare.tabs import CHANGE, OF_CURRENT, SUBGROUPS, TABS
from medtui.tui.compare.walking import next_point
from medtui.tui.compare.writing_actions import WritingActions
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.chart_keys import Adjustment, adjust_chart, close_view

_OF_TABLE = ("mark", "mark_all", "pin", "filter", "sort", "reverse", "columns", "group",
             "hide_same", "low_fidelity")  # fmt: skip
"""Actions on what a hidden table shows. A pin would make the run its own baseline there."""


class CompareActions(WritingActions):
    """The actions of the screen, apart from how it is filled."""

    @dataclass
    class RunRequested(Message):
        """Open the run `study/run`."""

        key: str

    @property
    def _is_whole(self) -> bool:
        """Whether the tab takes the place of the table."""
        return self._state.tab == SUBGROUPS

    @abstractmethod
    def _refresh(self) -> None:
        """Show the table again, and compute the tab again."""

    @abstractmethod
    def _show_table(self) -> None:
        """Show the table again."""

    @abstractmethod
    def _fill_tab(self) -> None:
        """Compute the tab again."""

    @abstractmethod
    def _show_forest(self) -> None:
        """Draw the changes again."""

    @abstractmethod
    def _show_tabs(self) -> None:
        """Show the names of the tabs again."""

    @abstractmethod
    def _show_search(self) -> None:
        """Show the outcome of the search, where the table is."""

    @abstractmethod
    def _show_title(self) -> None:
        """Show the place in the title bar."""

    def why_not(self, action: str) -> str:
        """Return why a key of the table does nothing where the table is hidden."""
        if self._is_whole and action in _OF_TABLE:
            return "The table is not shown here: 1 or Escape shows it."
        return super().why_not(action)

    @property
    def shown_studies(self) -> tuple[str, ...]:
        """Names of the studies in the table, in its order."""
        entries = self._rows.entries if self._rows is not None else ()
        return tuple(dict.fromkeys(entry.folder.study.name for entry in entries))

    def action_open_run(self) -> None:
        """Open the run under the cursor."""
        selected = self.query_one(CompareTable).selected_run
        if selected is not None:
            self.post_message(self.RunRequested(selected))

    def action_filter(self) -> None:
        self.query_one(CompareFilter).open()

    def action_sort(self) -> None:
        """Choose the order by a list."""
        if self._rows is None:
            return
        columns = [(column, heading_of(column, self._rows.entries))
                   for column in self._rows.columns if column.name != "run"]  # fmt: skip
        self.app.push_screen(OrderDialog(columns, self._state.options.sort), self._order_by)

    def _order_by(self, name: str | None) -> None:
        if name is not None:
            self._state.order_by(name)
            self._show_table()

    def action_reverse(self) -> None:
        """Reverse the order; without one, change nothing."""
        name = self._state.options.sort.removeprefix("-")
        if name:
            self._order_by(name)

    def action_group(self) -> None:
        self._state.group_by_next()
        self._show_table()

    def action_low_fidelity(self) -> None:
        self._state.toggle_low_fidelity()
        self._refresh()

    def action_hide_same(self) -> None:
        self._state.toggle_same_hidden()
        self._show_table()

    def action_metric(self) -> None:
        """Show the changes of the next metric."""
        self._state.metric += 1
        self._show_forest()

    def action_columns(self) -> None:
        """Choose columns by a checklist."""
        self.app.push_screen(ColumnDialog(all_columns(), self._state.columns), self._set_columns)

    def _set_columns(self, names: str | None) -> None:
        if names is not None:
            self._state.set_columns(names)
            self._show_table()

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

    def action_step(self, step: int) -> None:
        """Move the table's cursor by rows, also where it is not on screen."""
        table = self.query_one(CompareTable)
        if step > 0:
            table.action_cursor_down()
        else:
            table.action_cursor_up()

    def action_walk(self, step: int) -> None:
        """Move the cursor to the run of the next point of the chart; else to the next run."""
        chart, table = self.chart, self.query_one(CompareTable)
        if chart is None or chart.plot is None:
            self.action_step(step)
            return
        keys = {run.mark.letter: run.entry.key for run in self._state.marked}
        found = next_point(chart.plot, keys, table.selected, step)
        if found is not None:
            table.select(found)
        elif not self._is_whole:
            adjust_chart(chart, "next_point" if step > 0 else "previous_point")

    def action_tab(self, key: str) -> None:
        """Show a tab; for the current tab, show its other side."""
        self._choose_tab(TABS[int(key) - 1])

    def action_next_tab(self, step: int) -> None:
        at = (TABS.index(self._state.tab) + step) % len(TABS)
        self._choose_tab(TABS[at])

    def _choose_tab(self, tab: str) -> None:
        """Show a tab, those about one run on a run that is compared."""
        if self._state.choose_tab(tab):
            for chart in self.query(Chart):
                chart.viewport = Viewport()
            if tab in OF_CURRENT:
                self._go_to_worst()
        self.set_class(self._is_whole, "-subgroups")
        self._show_tabs()
        self._show_title()
        self._show_search()
        self._fill_tab()
        self.query_one(PatientTable if self._is_whole else CompareTable).focus()

    def _go_to_worst(self) -> None:
        """Leave a baseline, about which there is nothing to see, for the run that fell most."""
        table = self.query_one(CompareTable)
        subject = self._state.subject_of(table.selected_run)
        if subject is not None:
            table.select(subject)

    def action_adjust_chart(self, adjustment: Adjustment) -> None:
        adjust_chart(self.chart, adjustment)

    def action_full(self) -> None:
        """Show the tab alone, or the table again; in Subgroups, the images alone."""
        if self._is_whole:
            pane = self.query_one(SubgroupsPane)
            pane.zoom_images(is_zoomed=not pane.is_zoomed)
        else:
            self.toggle_class("-full")

    def close_layer(self) -> bool:
        """Reset the chart's view, else show all panes, else leave a tab that hides the table."""
        pane = self.query_one(SubgroupsPane)
        if close_view(self, self.chart):
            return True
        if self._is_whole and pane.is_zoomed:
            pane.zoom_images(is_zoomed=False)
            return True
        if self._is_whole:
            self._choose_tab(CHANGE)
            return True
        return False

    def action_export_model(self) -> None:
        selected = self.query_one(CompareTable).selected_run
        if selected:
            self.post_message(ModelExportRequested(selected))
