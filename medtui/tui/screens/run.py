"""Run: one run, live or saved: its results, its progress, its curves and its log."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.message import Message
from textual.widget import Widget

from medtui.charts.export import chart_csv
from medtui.charts.figures.run import (
    accuracy_plot,
    constraint_violation_plot,
    loss_plot,
    memory_plot,
    schedule_plot,
    utilisation_plot,
)
from medtui.charts.figures.search import search
from medtui.charts.plot import Plot
from medtui.charts.viewport import Viewport, apply_viewport
from medtui.monitor.run_view import RunView
from medtui.monitor.snapshot import Snapshot
from medtui.tui.actions.messages import (
    ChartExportRequested,
    ModelExportRequested,
    ResumeRequested,
    StopRequested,
)
from medtui.tui.bindings import bind
from medtui.tui.clipboard import copy_text
from medtui.tui.screens.refusals import refusal
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.status_text import state_text
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.chart_keys import CHART_BINDINGS, Adjustment, adjust_chart, close_view
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.layer_bars import LayerBars
from medtui.tui.widgets.log_view import LogView
from medtui.tui.widgets.progress_header import ProgressHeader
from medtui.tui.widgets.run_summary import RunSummaryPanel, summary_of
from medtui.tui.widgets.title_bar import TitleBar

PANES = ("main", "summary", "memory", "utilisation", "log")
"""In the order in which Tab goes through them."""

LAYERS = "5"

CURVES: dict[str, Callable[[RunView], Plot]] = {
    "1": accuracy_plot, "2": loss_plot, "3": constraint_violation_plot, "4": schedule_plot,
    "6": lambda view: search(view.search),
}  # fmt: skip
"""What the main chart can show, by key; 5 is the layers' densities, which are bars."""

MAIN = {
    "1": "Accuracy", "2": "Loss", "3": "Constraint violation", "4": "Schedule",
    LAYERS: "Layers", "6": "Search",
}  # fmt: skip
"""The same by name."""


class RunScreen(SnapshotScreen):
    """Panes beside each other where they fit, else one at a time."""

    HELP = (
        "Charts are updated while the run is running. The saved model is the one with the best val "
        "metric; test is shown for information only. The dashed line is the dense reference. The "
        "constraint violation is the distance of the dense weights w from the compressed weights "
        "theta; it decreases as the penalty mu grows. Press 6 to show the study's search for a "
        "density: its samples, the posterior mean and the bound."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    AUTO_FOCUS = ""

    BINDINGS = [
        *CHART_BINDINGS,
        bind("next_pane", "next_pane(1)", "Pane", "Move to the next pane"),
        bind("next_pane_back", "next_pane(-1)", "Previous pane", "Move to the previous pane",
             shown=False),
        bind("stop", "stop", "Stop", "Stop this run, or its study, after the current step"),
        bind("resume", "resume", "Resume", "Resume the unfinished runs of the study"),
        bind("next_run", "next_run(1)", "Next run", "Show the next run of the study"),
        bind("next_run_back", "next_run(-1)", "Previous run", "Show the previous run of the study",
             shown=False),
        bind("next_chart", "next_chart(1)", "Chart", "Show the next chart in the main pane"),
        bind("next_chart_back", "next_chart(-1)", "Previous chart",
             "Show the previous chart in the main pane", shown=False),
        *(
            bind(f"chart_{key}", f"chart('{key}')", word, f"Show {word.lower()} in the main pane",
                 shown=False)
            for key, word in MAIN.items()
        ),
        bind("full", "full", "Zoom pane", "Show the pane on the whole screen, or all panes again"),
        bind("scroll_back", "scroll(-1)", "Up", "Scroll the pane up", shown=False),
        bind("scroll", "scroll(1)", "Down", "Scroll the pane down", shown=False),
        bind("filter", "filter", "Filter log", "Filter the log by a text", shown=False),
        bind("export", "export", "Export", "Save the chart as PNG, SVG and CSV", shown=False),
        bind("export_model", "export_model", "Export model",
             "Export the model as ONNX, pt2, int8, packed or safetensors", shown=False),
        bind("copy", "copy", "Copy", "Copy the contents of the pane", shown=False),
        bind("follow", "follow", "Follow log", "Move to the end of the log and follow it",
             shown=False),
        bind("close", "close", "Close", "Reset the chart, or show all panes again", shown=False),
        bind("back", "back", "Back", "Go back to the screen before"),
    ]  # fmt: skip

    @dataclass
    class RunRequested(Message):
        """Show another run of the study."""

        key: str
        """`study/run`."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        """`study/run`."""
        self._pane = 0
        self._main = "1"

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield ProgressHeader()
        with Horizontal(id="upper", classes="row"):
            with Container(id="main", classes="pane"):
                yield Chart(id="curves")
                yield LayerBars(id="layers")
            yield RunSummaryPanel(id="summary", classes="pane")
        with Horizontal(id="lower", classes="row"):
            yield Chart(id="memory", classes="pane")
            yield Chart(id="utilisation", classes="pane")
            yield LogView(id="log", classes="pane")
        yield FilterInput(placeholder="filter the log by a text")
        yield KeyBar()

    def on_mount(self) -> None:
        self._mark_pane()

    @property
    def view(self) -> RunView | None:
        """The run as last read; None before that, or when it does not exist."""
        if self.snapshot is None or self.snapshot.wanted != self.key:
            return None
        return self.snapshot.view

    @property
    def chart(self) -> Chart | None:
        """The current pane's chart; None where it has none."""
        pane = self.query_one(f"#{PANES[self._pane]}", Widget)
        if isinstance(pane, Chart):
            return pane
        charts = [chart for chart in pane.query(Chart) if chart.display]
        return charts[0] if charts else None

    def show(self, snapshot: Snapshot) -> None:
        view = self.view
        if view is None:
            self._show_absence(is_gone=snapshot.wanted == self.key)
            return
        style, colours = self.chart_style, self.colours
        title = Text.assemble((view.row.study, colours.muted), " ▸ ", (view.row.title, "bold"))
        self.query_one(TitleBar).show(title, state_text(view.row.status, colours))
        self.query_one(ProgressHeader).show(view, colours)
        self.query_one(RunSummaryPanel).show(view, colours)
        if self._main == LAYERS:
            self.query_one(LayerBars).show(view, colours)
        else:
            self.query_one("#curves", Chart).show(CURVES[self._main](view), style)
        self.query_one("#memory", Chart).show(memory_plot(view), style)
        self.query_one("#utilisation", Chart).show(utilisation_plot(view), style)
        self.query_one(LogView).show(view.lines, colours)

    def on_resize(self) -> None:
        self.call_after_refresh(self.reshow)

    def why_not(self, action: str) -> str:
        """Return why an action can do nothing for this run's study."""
        return refusal(action, self.view.study) if self.view is not None else ""

    def action_stop(self) -> None:
        if self.view is not None:
            self.post_message(StopRequested(self.view.study, self.view.row))

    def action_resume(self) -> None:
        if self.view is not None:
            self.post_message(ResumeRequested(self.view.study, self.view.row))

    def action_chart(self, key: str) -> None:
        """Show a chart in the main pane, and move there."""
        if key != self._main:
            self._main = key
            self.query_one("#curves", Chart).viewport = Viewport()
        self.query_one("#curves").display = key != LAYERS
        self.query_one("#layers").display = key == LAYERS
        self._pane = 0
        self._mark_pane()
        self.call_after_refresh(self.reshow)

    def action_next_chart(self, step: int) -> None:
        """Show the next of the main pane's charts."""
        keys = sorted(MAIN)
        self.action_chart(keys[(keys.index(self._main) + step) % len(keys)])

    def action_scroll(self, lines: int) -> None:
        pane = self.query_one(f"#{PANES[self._pane]}", Widget)
        target = self.query_one(LayerBars) if pane.id == "main" else pane
        target.scroll_relative(y=lines, animate=False)

    def action_filter(self) -> None:
        self._pane = PANES.index("log")
        self._mark_pane()
        self.query_one(FilterInput).open()

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        if self.view is not None:
            self.query_one(LogView).filter(message.text, self.view.lines, self.colours)

    def action_follow(self) -> None:
        self.query_one(LogView).follow()

    def action_copy(self) -> None:
        """Copy the pane's points, lines or numbers."""
        if self.view is not None:
            self.notify(copy_text(self.app, self._text_of_pane(self.view)), markup=False)

    def action_adjust_chart(self, adjustment: Adjustment) -> None:
        adjust_chart(self.chart, adjustment)

    def action_full(self) -> None:
        """Show the current pane on the whole screen, or all panes again."""
        self.toggle_class("-full")

    def close_layer(self) -> bool:
        """Reset the chart's view, else show all panes again."""
        return close_view(self, self.chart)

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
        self._pane = (self._pane + step) % len(PANES)
        self._mark_pane()

    def action_next_run(self, step: int) -> None:
        """Show the next run of the study."""
        if self.view is None:
            return
        keys = [run.key for run in self.view.study.runs]
        if self.key in keys and len(keys) > 1:
            self.post_message(self.RunRequested(keys[(keys.index(self.key) + step) % len(keys)]))

    def _text_of_pane(self, view: RunView) -> str:
        pane, chart = PANES[self._pane], self.chart
        if chart is not None and chart.plot is not None:
            return chart_csv(apply_viewport(chart.viewport, chart.plot))
        if pane == "log":
            return "\n".join(line.text for line in view.lines) + "\n"
        return summary_of(view)

    def _mark_pane(self) -> None:
        current = self.query_one(f"#{PANES[self._pane]}", Widget)
        for pane in self.query(".pane"):
            pane.set_class(pane is current, "current")
        for row in self.query(".row"):
            row.set_class(current in row.children, "current")

    def _show_absence(self, *, is_gone: bool) -> None:
        self.query_one(TitleBar).show(
            Text(self.key), Text("run not found" if is_gone else "reading …", self.colours.muted)
        )
