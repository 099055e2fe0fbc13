"""The actions of Compare that copy and write: the table, the chart, named filters."""

from pathlib import Path

from textual import work

from medtui.analysis.table import table_csv
from medtui.charts.figures.data import FigureData
from medtui.charts.figures.registry import figure_named
from medtui.charts.plot import Plot
from medtui.charts.viewport import apply_viewport
from medtui.errors import MedtuiError
from medtui.tui.actions.messages import ChartExportRequested
from medtui.tui.clipboard import copy_text
from medtui.tui.compare.named_filters import name_filter
from medtui.tui.compare.rows import CompareRows
from medtui.tui.compare.state import CompareState
from medtui.tui.compare.tab_area import TabArea
from medtui.tui.compare.tabs import CHANGE
from medtui.tui.compare.writing import owner_of, table_of, titled, write_table
from medtui.tui.screens.confirm import Choice, ConfirmDialog
from medtui.tui.screens.prompt import Prompt
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.widgets.chart import Chart


class WritingActions(SnapshotScreen):
    """Writes what the screen shows."""

    _state: CompareState
    _runs_dir: Path
    _rows: CompareRows | None

    @property
    def chart(self) -> Chart | None:
        """The tab's chart; None where the tab has none."""
        areas = self.query(TabArea)
        return areas.first().chart if areas else None

    def why_not(self, action: str) -> str:
        """Return why there is nothing to export; empty where there is a chart."""
        if action == "export" and self.chart is None and not self._is_of_changes:
            return "This tab has no chart; w writes the table."
        return super().why_not(action)

    @property
    def _is_of_changes(self) -> bool:
        """Whether the tab shows changes as dots: the same figure as reports have."""
        return self._state.tab == CHANGE and self._state.side == 0 and bool(self._state.differences)

    def _plot_of_changes(self) -> Plot:
        """Return the changes as the plot that reports draw.

        Controls are left out: their changes are from the reference, and they are what the others
        are compared with.
        """
        runs = tuple(run for run in self._state.marked if not run.entry.folder.is_control)
        data = FigureData(runs, differences={
            run.entry.key: found
            for run in runs
            if (found := self._state.differences.get(run.entry.key))
        })  # fmt: skip
        (plot,) = figure_named("changes").build(data)
        return plot

    def action_copy(self) -> None:
        """Copy the table as CSV."""
        if self._rows is None:
            return
        table = table_of(self._rows.entries, self._rows.columns, self._state.differences)
        self.notify(copy_text(self.app, table_csv(table)), markup=False)

    def action_export(self) -> None:
        """Write the chart to files: of several runs in their study's folder."""
        chart, runs = self.chart, [run.entry for run in self._state.marked]
        plot = self.query_one(TabArea).plot
        if self._is_of_changes:
            seen = self._plot_of_changes()
        elif chart is not None and plot is not None:
            seen = apply_viewport(chart.viewport, plot)
        else:
            return
        self.post_message(ChartExportRequested(owner_of(runs), seen, titled(seen, runs)))

    def action_write(self) -> None:
        """Ask what to write: the table, or the filter under a name."""
        choices = [
            Choice("t", "table", "the table as CSV and Markdown"),
            Choice("f", "filter", "the filter under a name: / and down recall it"),
            Choice("c", "", "Cancel"),
        ]
        self.app.push_screen(ConfirmDialog("Write", choices), self._write)

    def _write(self, answer: str | None) -> None:
        if answer == "table":
            self._write_table()
        elif answer == "filter":
            expression = self._state.options.filter
            self.app.push_screen(Prompt(f"Name of the filter {expression}:"), self._name_filter)

    def _name_filter(self, name: str | None) -> None:
        if name is None:
            return
        try:
            path = name_filter(name, self._state.options.filter)
        except MedtuiError as error:
            self.notify(str(error), title="Not written", severity="error", markup=False)
        else:
            self.notify(f"{name} is in {path}.", markup=False)

    @work(thread=True, group="write")
    def _write_table(self) -> None:
        rows = self._rows
        if rows is None:
            return
        owner = owner_of(rows.entries).partition("/")[0]
        folder = self._runs_dir / owner / "exports"
        try:
            paths = write_table(folder, rows.entries, rows.columns, self._state.differences)
        except MedtuiError as error:
            words, severity = str(error), True
        else:
            words, severity = (
                f"Wrote {' and '.join(each.name for each in paths)} to {folder}",
                False,
            )
        self.app.call_from_thread(
            self.notify, words, severity="error" if severity else "information", markup=False
        )
