"""One study on Home: its runs, its picture, the run under the cursor, and what it found."""

from collections.abc import Collection
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from medtui.analysis.outcome import StudyOutcome
from medtui.charts.figures.study_curves import study_curves
from medtui.charts.style import ChartStyle
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.tui.home.log_rows import log_rows
from medtui.tui.home.machine_pane import MachinePane
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.rows_pane import RowsPane
from medtui.tui.widgets.study_list import RunTable
from medtui.tui.widgets.study_picture import StudyPicture
from medtui.tui.widgets.study_text import run_details, sentences, study_line
from medtui.tui.widths import read_widths, remember_width

_NARROWEST_HALF = 34
"""Cells that the runs and the picture keep."""

_HEADER_ROWS = 3
"""Rows of a table's frame and header."""

_FEWEST_ROWS = 9
"""Free rows below the runs from which their curves are drawn there."""


class StudyPane(Vertical):
    """Shows the study under the cursor."""

    DEFAULT_CSS = """
    StudyPane {
        height: 1fr;
        #study-line { height: 1; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
        #panes { height: 1fr; }
        #left { width: 1fr; height: 100%; }
        #runs { height: 1fr; }
        #run-details { height: 5; padding: 0 2; text-wrap: nowrap; text-overflow: ellipsis; }
        #right-half { width: 1fr; height: 100%; }
        #picture { height: 1fr; }
        #machine { height: auto; min-height: 5; max-height: 40%; display: none; }
        #val-curves { height: 1fr; display: none; }
        #log { height: 14; display: none; }
        #sentences { height: 3; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="study-line")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield RunTable()
                yield Chart(id="val-curves")
                yield Static(id="run-details")
                yield MachinePane(id="machine")
            with Vertical(id="right-half"):
                yield StudyPicture(id="picture")
                yield RowsPane(id="log")
        yield Static(id="sentences")

    @dataclass
    class Ready(Message):
        """All parts are mounted: snapshots that came before have to be shown now."""

    def on_mount(self) -> None:
        """Notify the screen."""
        # A widget that is updated with the same text would be redrawn.
        self._texts = dict[str, Text]()
        self._is_new = False
        self.post_message(self.Ready())

    def on_resize(self) -> None:
        """Set the width of the runs to the one chosen for such a terminal."""
        cells = read_widths().get(self._width_name)
        left = self.query_one("#left")
        if cells is None or not self._may_widen:
            left.styles.clear_rule("width")
        else:
            left.styles.width = self._within(cells)

    def widen(self, step: int) -> None:
        """Make the runs wider; the picture gives way."""
        if self._may_widen:
            left = self.query_one("#left")
            cells = self._within(left.outer_size.width + step)
            left.styles.width = cells
            remember_width(self._width_name, cells)

    @property
    def _width_name(self) -> str:
        """Name of the remembered width: a half as of this class of terminals."""
        kinds = [name for _, name in self.screen.HORIZONTAL_BREAKPOINTS or ()]
        return "home-runs" + next((name for name in kinds if self.screen.has_class(name)), "")

    @property
    def _may_widen(self) -> bool:
        return self.size.width >= 2 * _NARROWEST_HALF

    def _within(self, cells: int) -> int:
        return min(max(cells, _NARROWEST_HALF), self.size.width - _NARROWEST_HALF)

    @property
    def is_ready(self) -> bool:
        """Whether all parts are mounted."""
        parts = (RunTable, StudyPicture, MachinePane)
        return all(self.query(part) for part in parts) and self.is_mounted

    def begin_study(self) -> None:
        """Put the cursor on the live run, else on the chosen one, when a study is shown next."""
        self._is_new = True

    def show_study(
        self,
        study: StudySummary,
        outcome: StudyOutcome | None,
        style: ChartStyle,
        marked: Collection[str],
        *,
        place: tuple[int, int],
        now: float,
    ) -> None:
        """Show a study; `place` is its number among those shown, and their count."""
        table = self.query_one(RunTable)
        table.show_study(study, outcome, style.colours, marked, now=now)
        self._go_to_first(study, outcome, table)
        run = self._selected(study)
        self.query_one(StudyPicture).show_study(study, outcome, run.key if run else "", style)
        self._show_log(study, style)
        curves = self.query_one("#val-curves", Chart)
        self.set_class(self._spare_rows(study) >= _FEWEST_ROWS, "-roomy")
        if curves.display:
            curves.show(study_curves(study, outcome, run.key if run else ""), style)
        self._put("study-line", study_line(study, *place, style.colours, now))
        lines = sentences(study, outcome, style.colours, max(20, self.size.width - 1))
        self._put("sentences", Text("\n").join(lines))
        width = self.query_one("#run-details").content_size.width or self.size.width
        details = run_details(run, outcome, style.colours, now, width) if run else Text()
        self._put("run-details", details)

    def _spare_rows(self, study: StudySummary) -> int:
        """Return the rows of the left half that neither the runs nor what is below them need."""
        below = sum(
            part.outer_size.height
            for part in (self.query_one("#run-details"), self.query_one(MachinePane))
            if part.display
        )
        return self.query_one("#left").size.height - below - len(study.runs) - _HEADER_ROWS

    def _show_log(self, study: StudySummary, style: ChartStyle) -> None:
        log = self.query_one("#log", RowsPane)
        if log.display and log.inner_width > 0:
            log.caption(Text.assemble("Events", (f" · {study.name}", style.colours.muted)))
            rows = log_rows(study, log.inner_width, log.size.height, style.colours)
            log.show_canvas(rows.canvas())

    def _go_to_first(
        self, study: StudySummary, outcome: StudyOutcome | None, table: RunTable
    ) -> None:
        """Move the cursor to the run that matters, unless it was moved before that was known."""
        chosen = (outcome.chosen or outcome.closest_on_val) if outcome else None
        if self._is_new and study.live_run is not None:
            table.select(study.live_run.key)
        elif self._is_new and chosen is not None and table.cursor_row == 0:
            table.select(f"{study.name}/{chosen.names[0]}")
        self._is_new = self._is_new and outcome is None and table.cursor_row == 0

    def _selected(self, study: StudySummary) -> RunSummary | None:
        key = self.query_one(RunTable).selected
        return next((run for run in study.runs if run.key == key), None)

    def _put(self, name: str, text: Text) -> None:
        if self._texts.get(name) != text:
            self._texts[name] = text
            self.query_one(f"#{name}", Static).update(text)
