"""Run: one run, live or saved: its answer, its progress, its curves and its log."""

from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message

from medtui.charts.figures.run import identity_of
from medtui.charts.viewport import apply_viewport
from medtui.monitor.run_view import RunView
from medtui.monitor.snapshot import Snapshot
from medtui.tui.actions.messages import (
    ChartExportRequested,
    DraftRequested,
    ModelExportRequested,
    ResumeRequested,
    StopRequested,
)
from medtui.tui.clipboard import copy_text
from medtui.tui.run.bindings import RUN_BINDINGS
from medtui.tui.run.body import RunBody
from medtui.tui.screens.refusals import refusal
from medtui.tui.screens.run_reading import RunReading
from medtui.tui.status_text import as_of, state_text, study_text
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.chart_keys import Adjustment, adjust_chart, close_view
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.log_view import LogView
from medtui.tui.widgets.panel import PaneChoice
from medtui.tui.widgets.progress_header import ProgressHeader
from medtui.tui.widgets.title_bar import TitleBar

_WIDE = 100
"""Cells from which the title has the study's whole name."""

_TITLE_GAPS = 4

_VITALS = 26
"""Cells that the title leaves to the machine's load."""


class RunScreen(RunReading):
    """Panes beside each other where they fit, else one at a time."""

    HELP = (
        "The large number is the difference from the control, or without one from the reference: "
        "on val of the model kept so far, and on test with its interval when the run has "
        "finished. The model with the lowest val loss is kept, and has a star. The band is what "
        "loses at most the margin. Test is shown for information only. The constraint violation "
        "(L-C) is the distance of the dense weights w from the compressed weights theta; it "
        "decreases as the penalty mu grows. The digits of the densities are tenths of the weights."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (70, "-narrow"), (100, "-wide"), (180, "-huge")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-short"), (30, "-tall"), (50, "-towering")]

    AUTO_FOCUS = ""

    BINDINGS = [*RUN_BINDINGS]

    @dataclass
    class RunRequested(Message):
        """Show another run of the study."""

        key: str
        """`study/run`."""

    @dataclass
    class CompareRequested(Message):
        """Compare the finished runs of the study."""

        study: str
        """Name of its folder."""
        run: str
        """Key of the run from which they are compared."""

    def __init__(self, key: str) -> None:
        super().__init__(key)

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield ProgressHeader()
        yield RunBody()
        yield FilterInput(placeholder="filter the log by a text")
        yield KeyBar()

    @property
    def view(self) -> RunView | None:
        """The run as last read; None before that, or when it does not exist."""
        if self.snapshot is None or self.snapshot.wanted != self.key:
            return None
        return self.snapshot.view

    @property
    def chart(self) -> Chart | None:
        """The current pane's chart; None where it has none."""
        return self.body.chart

    def show(self, snapshot: Snapshot) -> None:
        view = self.view
        if view is None:
            self._show_absence(is_gone=snapshot.wanted == self.key)
            return
        colours = self.colours
        run = identity_of(view)
        title = Text.assemble(
            (f"{run.letter} ", colours.of(run.tint)),
            (view.row.title, f"bold {colours.strong}"),
        )
        state = state_text(view.row.status, colours, view.row.state)
        if view.row.status == "silent":
            state.append(f" {as_of(view.row.last_at, self.now)}".rstrip(), colours.muted)
        room = self.size.width - state.cell_len - _TITLE_GAPS - _VITALS
        is_wide = self.size.width >= _WIDE
        study = study_text(view.row.study, None if is_wide else room - title.cell_len, colours)
        self.query_one(TitleBar).show(study + title, state)
        self._read_more(view)
        answer = self.body.show(view, self._found, self._files, self._analysis, self.chart_style)
        self.query_one(ProgressHeader).show(view, answer, colours, self.now)

    def on_resize(self) -> None:
        self.call_after_refresh(self.reshow)

    def why_not(self, action: str) -> str:
        """Return why an action can do nothing for this run's study."""
        return refusal(action, self.view.study, self.view.row) if self.view is not None else ""

    def on_pane_choice(self, message: PaneChoice) -> None:
        """Show what was clicked in a pane's title."""
        pane = "right" if message.pane in {"log", "texts"} else message.pane
        self.body.go_to(pane)
        self.body.choose(message.choice)
        self.call_after_refresh(self.reshow)

    def action_stop(self) -> None:
        if self.view is not None:
            self.post_message(StopRequested(self.view.study, self.view.row))

    def action_resume(self) -> None:
        if self.view is not None:
            self.post_message(ResumeRequested(self.view.study, self.view.row))

    def action_edit(self) -> None:
        """Open the run's preset as the draft of a new study."""
        self.post_message(DraftRequested(self.key))

    def action_compare(self) -> None:
        """Compare the finished runs of the study."""
        self.post_message(self.CompareRequested(self.key.partition("/")[0], self.key))

    def action_choose(self, number: int) -> None:
        """Show a chart, or a tab of the pane."""
        self.body.choose(number - 1)
        self.call_after_refresh(self.reshow)

    def action_choose_next(self, step: int) -> None:
        """Show the next chart, or the next tab of the pane."""
        self.body.choose_next(step)
        self.call_after_refresh(self.reshow)

    def action_metric(self) -> None:
        """Show the next metric by cycle."""
        self.body.next_metric()
        self.call_after_refresh(self.reshow)

    def action_band(self) -> None:
        """Show the next kind of band."""
        self.body.next_band()
        self.reshow()

    def action_order(self) -> None:
        self.body.order()
        self.reshow()

    def action_widen(self, step: int) -> None:
        """Make the chart wider or narrower."""
        self.body.widen(step)
        self.call_after_refresh(self.reshow)

    def action_scroll(self, lines: int) -> None:
        self.body.scroll_pane(lines)

    def action_filter(self) -> None:
        self.body.show_log()
        self.query_one(FilterInput).open()
        self.call_after_refresh(self.reshow)

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        if self.view is not None:
            self.query_one(LogView).filter(message.text, self.view.lines, self.colours)
            self.reshow()

    def action_follow(self) -> None:
        self.body.follow()

    def action_copy(self) -> None:
        """Copy the pane's points, lines or numbers."""
        if self.view is not None:
            self.notify(copy_text(self.app, self.body.text_of_pane()), markup=False)

    def action_adjust_chart(self, adjustment: Adjustment) -> None:
        adjust_chart(self.chart, adjustment)

    def action_full(self) -> None:
        """Show the current pane on the whole screen, or all panes again."""
        self.toggle_class("-full")
        self.call_after_refresh(self.reshow)

    def close_layer(self) -> bool:
        """Reset the chart's view, else show all panes again."""
        is_closed = close_view(self, self.chart)
        self.call_after_refresh(self.reshow)
        return is_closed

    def action_export(self) -> None:
        chart = self.chart
        if chart is not None and chart.plot is not None:
            self.post_message(
                ChartExportRequested(self.key, apply_viewport(chart.viewport, chart.plot))
            )

    def action_export_model(self) -> None:
        self.post_message(ModelExportRequested(self.key))

    def action_next_pane(self, step: int) -> None:
        """Go to the next pane: the one that is shown where only one fits."""
        self.body.step_pane(step)
        self.call_after_refresh(self.reshow)

    def action_next_run(self, step: int) -> None:
        """Show the next run of the study."""
        if self.view is None:
            return
        keys = [run.key for run in self.view.study.runs]
        if self.key in keys and len(keys) > 1:
            self.post_message(self.RunRequested(keys[(keys.index(self.key) + step) % len(keys)]))

    def _show_absence(self, *, is_gone: bool) -> None:
        self.query_one(TitleBar).show(
            Text(self.key), Text("run not found" if is_gone else "reading …", self.colours.muted)
        )
