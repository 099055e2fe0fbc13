"""New study, before the first step: the preset to start from."""

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import get_current_worker

from medtui.charts.palette import Colours
from medtui.errors import MedtuiError
from medtui.jobs.latest_process import LatestProcess
from medtui.jobs.measured_estimates import find_estimate, measure
from medtui.preset import Preset
from medtui.protocol.preflight import Estimate, Preflight
from medtui.tui.bindings import bind
from medtui.tui.editor.document import document_from
from medtui.tui.editor.preset_actions import PresetActions
from medtui.tui.editor.preset_list import PresetEntry, describe_entry, list_presets
from medtui.tui.editor.problem_text import problems_text
from medtui.tui.editor.state import EditorState
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.screens.prompt import Prompt
from medtui.tui.theme import colours_of
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.panel import Panel
from medtui.tui.widgets.table import Cells, Column, RecordTable
from medtui.tui.widgets.title_bar import TitleBar
from medtui.units import MISSING, format_estimate

PAUSE_S = 1.5
"""The time of the highlighted preset is measured after this many seconds."""

_COLUMNS = (
    Column("name", "preset", 22),
    Column("runs", "runs", 4, rank=1, justify="right"),
    Column("time", "time", 10, rank=2, justify="right"),
    Column("about", "what it does", 24, grows=True, most=80),
    Column("data", "images", 24, rank=3),
)


class PresetPanel(Panel, VerticalScroll):
    """What the highlighted preset runs, or every problem of its file."""

    DEFAULT_CSS = """
    PresetPanel { padding: 0 1; scrollbar-size-vertical: 1; & Static { height: auto; } }
    """

    def compose(self) -> ComposeResult:
        yield Static()

    def show(
        self, entry: PresetEntry, estimate: Estimate | None, colours: Colours, *, is_measuring: bool
    ) -> None:
        """Show an entry, with what its check measured."""
        if entry.preset is None:
            below = Text("No study can start from this file.", colours.warning)
            text = problems_text(entry.problems, colours)
        else:
            below = Text("measuring the time of a step …" if is_measuring else "", colours.muted)
            text = Text(describe_entry(entry, estimate))
            if entry.data_problem:
                text.append(f"\n\n⚠ {entry.data_problem}", colours.warning)
                text.append("\nSet the root on the next screen: Enter.", colours.muted)
        self.caption(entry.name, below)
        self.query_one(Static).update(text)


class NewStudyScreen(LayeredScreen[None]):
    """Lists the packaged presets and those in the working directory."""

    HELP = (
        "A preset defines a study: data, model, schemes, densities and settings. Press g to start "
        "the highlighted one as it is. Press Enter to change its settings first, on the next "
        "screens. The time is that on this machine: it is measured while a preset is highlighted."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-broad")]

    BINDINGS = [
        bind("go", "start", "Go: start now", "Start the highlighted preset as it is"),
        bind("path", "path", "Open file", "Open a preset file by its path"),
        bind("next_pane", "app.focus_next", "Pane", "Move to the list or the description"),
        bind("close", "close", "Close", "Close the topmost layer", shown=False),
        bind("back", "back", "Back", "Go back to the studies"),
    ]

    @dataclass
    class PresetChosen(Message):
        """Start from a preset."""

        name_or_path: str
        """A packaged name or a path."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, PresetEntry] = {}
        self._estimates: dict[str, Estimate | None] = {}
        """What earlier checks measured, by name."""
        self._process = LatestProcess[Preflight]()
        self._timer: Timer | None = None
        self._measured = ""
        """Name of the preset whose time is being measured."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield RecordTable(_COLUMNS, id="presets")
        yield PresetPanel(id="about-preset")
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """Read the files again: they may have been written meanwhile."""
        self._read()
        self.query_one(RecordTable).focus()
        self._measure_soon()

    def on_screen_suspend(self) -> None:
        self._process.cancel()

    def on_unmount(self) -> None:
        self._process.cancel()

    def on_data_table_row_highlighted(self) -> None:
        self._show()
        self._measure_soon()

    def on_data_table_row_selected(self, event: RecordTable.RowSelected) -> None:
        """Set up the preset on the next screens; a broken file stays here with its problems."""
        entry = self._entries.get(event.row_key.value or "")
        if entry is not None and entry.preset is not None:
            self.post_message(self.PresetChosen(entry.name))

    def action_start(self) -> None:
        """Ask how to start the highlighted preset; where it cannot start, its panel says why."""
        entry = self._selected
        if entry is None or entry.preset is None:
            return
        if not entry.is_ready:
            message = f"{entry.data_problem} Press Enter to set the root."
            self.notify(message, severity="warning", markup=False)
            return
        try:
            editor = EditorState(document_from(entry.name))
        except MedtuiError:
            self._read()  # the file has changed: its problems are shown in its panel
            return
        PresetActions(self, editor).confirm_start(entry.preset)

    def action_path(self) -> None:
        self.app.push_screen(Prompt("Path of a preset file:"), self._choose)

    def _choose(self, path: str | None) -> None:
        if path:
            self.post_message(self.PresetChosen(path.strip()))

    @property
    def _selected(self) -> PresetEntry | None:
        return self._entries.get(self.query_one(RecordTable).selected or "")

    def _read(self) -> None:
        self._entries = {entry.name: entry for entry in list_presets(Path())}
        presets = {name: entry.preset for name, entry in self._entries.items()}
        self._estimates = {
            name: find_estimate(preset) for name, preset in presets.items() if preset is not None
        }
        self._show()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        title = Text.assemble(("New study", "bold"), ("  start from a preset", colours.muted))
        self.query_one(TitleBar).show(title, Text())
        table = self.query_one(RecordTable)
        table.caption("Presets")
        table.show({
            name: _row(entry, self._estimates.get(name), colours)
            for name, entry in self._entries.items()
        })  # fmt: skip
        if entry := self._selected:
            self.query_one(PresetPanel).show(
                entry, self._estimates.get(entry.name), colours,
                is_measuring=self._measured == entry.name,
            )  # fmt: skip

    def _measure_soon(self) -> None:
        """Measure the time of the highlighted preset after a pause, and no other one's."""
        self._process.cancel()
        self._measured = ""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE_S, self._measure_selected)

    def _measure_selected(self) -> None:
        """Measure the time of the highlighted preset, unless it was measured before."""
        entry = self._selected
        if not self.is_current or entry is None or entry.preset is None or not entry.is_ready:
            return
        if self._estimates.get(entry.name) is None:
            self._measured = entry.name
            self._show()
            self._measure(entry.name, entry.preset)

    @work(thread=True, exclusive=True, group="preflight")
    def _measure(self, name: str, preset: Preset) -> None:
        worker = get_current_worker()
        try:
            estimate = measure(preset, self._process.take).estimate
        except MedtuiError:
            estimate = None  # starting it, or setting it up, shows why it cannot run
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, name, estimate)

    def _take(self, name: str, estimate: Estimate | None) -> None:
        self._estimates[name] = estimate
        if self._measured == name:
            self._measured = ""
        self._show()


def _row(entry: PresetEntry, estimate: Estimate | None, colours: Colours) -> Cells:
    is_ready = entry.is_ready
    mark = Text("✓ ", colours.good) if is_ready else Text("✗ ", colours.warning)
    muted = colours.muted if entry.preset is not None else colours.warning
    return {
        "name": mark.append(entry.name, f"bold {colours.strong}"),
        "runs": Text(entry.num_runs),
        "time": Text(format_estimate(estimate.seconds_study) if estimate else MISSING),
        "about": Text(entry.about, muted),
        "data": Text(entry.data_text, colours.muted if is_ready else colours.warning),
    }
