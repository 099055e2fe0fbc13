"""Run: one run, live or saved: what it has reached, how far it is, its curves and its log."""

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Footer

from medtui.tui.errands import ResumeWanted, StopWanted
from medtui.tui.feed import Snapshot
from medtui.tui.run_plots import accuracy_plot, memory_plot, utilisation_plot
from medtui.tui.screens.reader import ReaderScreen
from medtui.tui.states import state_text
from medtui.tui.view import RunView
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.headway import Headway
from medtui.tui.widgets.log_lines import LogLines
from medtui.tui.widgets.standing import Standing
from medtui.tui.widgets.title_bar import TitleBar

PANES = ("accuracy", "standing", "memory", "utilisation", "log")
"""In the order in which Tab goes through them."""


class RunScreen(ReaderScreen):
    """Panes beside each other where there is room, else one at a time."""

    HELP = (
        "Charts follow the run while it lives. Val chooses the model that is kept; test is shown "
        "for the record. The dashed line is the dense reference. The gap is how far the dense "
        "weights w are from the compressed ones theta; it shrinks as the penalty mu grows."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    BINDINGS = [
        Binding("s", "stop", "Stop", tooltip="Stop this run or its study after the step it is in"),
        Binding("r", "resume", "Resume", tooltip="Let the study go on with what is unfinished"),
        Binding("n", "next_run(1)", "Next run", tooltip="Show the next run of the study"),
        Binding(
            "p",
            "next_run(-1)",
            "Previous run",
            tooltip="Show the previous run of the study",
            show=False,
        ),
        Binding("f", "full", "Full", tooltip="Give the pane the whole screen"),
        Binding("tab", "next_pane(1)", "Pane", tooltip="Go to the next pane"),
        Binding("escape", "app.pop_screen", "Back", tooltip="Back to the studies"),
        Binding(
            "shift+tab",
            "next_pane(-1)",
            "Previous pane",
            tooltip="Go to the previous pane",
            show=False,
        ),
    ]

    class RunWanted(Message):
        """Another run of the study is to be shown here."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key
            """`study/run`."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        """`study/run`."""
        self._pane = 0

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield TitleBar()
        yield Headway()
        with Horizontal(id="upper", classes="row"):
            yield Chart(id="accuracy", classes="pane")
            yield Standing(id="standing", classes="pane")
        with Horizontal(id="lower", classes="row"):
            yield Chart(id="memory", classes="pane")
            yield Chart(id="utilisation", classes="pane")
            yield LogLines(id="log", classes="pane")
        yield Footer()

    def on_mount(self) -> None:
        """Begin with the first pane."""
        self._mark_pane()

    @property
    def view(self) -> RunView | None:
        """The run as last read; None before that, or when it is gone."""
        if self.snapshot is None or self.snapshot.wanted != self.key:
            return None
        return self.snapshot.view

    def show(self, snapshot: Snapshot) -> None:
        """Bring all panes up to date."""
        view = self.view
        if view is None:
            self._show_absence(is_gone=snapshot.wanted == self.key)
            return
        style, colours = self.chart_style, self.colours
        title = Text.assemble((view.row.study, colours.muted), " ▸ ", (view.row.title, "bold"))
        self.query_one(TitleBar).show(title, state_text(view.row.status, colours))
        self.query_one(Headway).show(view, colours)
        self.query_one(Standing).show(view, colours)
        self.query_one("#accuracy", Chart).show(accuracy_plot(view), style)
        self.query_one("#memory", Chart).show(memory_plot(view), style)
        self.query_one("#utilisation", Chart).show(utilisation_plot(view), style)
        self.query_one(LogLines).show(view.lines, colours)

    def on_resize(self) -> None:
        """Fit the lines below the title to the new width."""
        self.call_after_refresh(self.reshow)

    def action_stop(self) -> None:
        """Ask to stop this run or its study."""
        if self.view is not None:
            self.post_message(StopWanted(self.view.study, self.view.row))

    def action_resume(self) -> None:
        """Let the study go on."""
        if self.view is not None:
            self.post_message(ResumeWanted(self.view.study))

    def action_full(self) -> None:
        """Give the current pane the whole screen, or give it back."""
        self.toggle_class("-full")

    def action_next_pane(self, step: int) -> None:
        """Go to the next pane: the one that is shown where there is room for one."""
        self._pane = (self._pane + step) % len(PANES)
        self._mark_pane()

    def action_next_run(self, step: int) -> None:
        """Show the next run of the study that has begun."""
        if self.view is None:
            return
        keys = [run.key for run in self.view.study.runs]
        if self.key in keys and len(keys) > 1:
            self.post_message(self.RunWanted(keys[(keys.index(self.key) + step) % len(keys)]))

    def _mark_pane(self) -> None:
        current = self.query_one(f"#{PANES[self._pane]}", Widget)
        for pane in self.query(".pane"):
            pane.set_class(pane is current, "current")
        for row in self.query(".row"):
            row.set_class(current in row.children, "current")

    def _show_absence(self, *, is_gone: bool) -> None:
        self.query_one(TitleBar).show(
            Text(self.key), Text("no longer there" if is_gone else "reading …", self.colours.muted)
        )
