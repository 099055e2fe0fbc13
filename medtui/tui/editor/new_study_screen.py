"""New study, before the first step: the preset to start from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from medtui.errors import MedtuiError
from medtui.jobs.latest_process import LatestProcess
from medtui.jobs.measured_estimates import measure
from medtui.preset import Preset
from medtui.preset.file import find_preset_path
from medtui.protocol.preflight import Estimate, Preflight
from medtui.tui.bindings import bind
from medtui.tui.editor.document import document_from
from medtui.tui.editor.path_completion import PathCompletion
from medtui.tui.editor.preset_actions import PresetActions
from medtui.tui.editor.preset_list import PresetEntry, PresetReader
from medtui.tui.editor.preset_table import PresetPanel, PresetTable, caption_of, legend_of
from medtui.tui.editor.state import EditorState
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of
from medtui.tui.threads import call_for
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.title_bar import TitleBar

PAUSE_S = 1.5
"""The time of the highlighted preset is measured after this many seconds."""

_BROKEN = "Its file has errors, which its description shows: mend them and press again."
"""What keys say that cannot act on a preset with errors."""


class NewStudyScreen(LayeredScreen[None]):
    """Lists the packaged presets and those in the working directory."""

    HELP = (
        "A preset defines a study: data, model, schemes, densities and settings. Press g to start "
        "the highlighted one as it is. Press Enter to change its settings first, on the next "
        "screens. Press / to find a preset by a part of its name or description, or to type the "
        "path of a file; the right arrow completes a path. Press + to begin without a preset. The "
        "time is that on this machine: it is measured while a preset is highlighted."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-broad")]
    AUTO_FOCUS = ""  # the table gets it with its rows; keys before that are kept

    BINDINGS = [
        bind("go", "start", "Start now", "Start the highlighted preset as it is"),
        bind("empty", "empty", "Empty", "Begin without a preset"),
        bind("path", "path", "Find or path", "Find presets, or open a file by its path"),
        bind("next_pane", "app.focus_next", "Pane", "Move to the list or the description"),
        bind("open", "set_up", "Set up", "Change its settings before it starts", shown=False),
        bind("close", "close", "Close", "Show all presets", shown=False),
        bind("back", "back", "Back", "Go back to the studies"),
    ]

    @dataclass
    class PresetChosen(Message):
        """Start from a preset."""

        name_or_path: str
        """A packaged name or a path; empty begins without a preset."""

    def __init__(self) -> None:
        super().__init__()
        self._reader = PresetReader(Path())
        self._entries: dict[str, PresetEntry] = {}
        """All presets by name; empty until they have been read."""
        self._filter = ""
        self._pending: Callable[[], None] | None = None
        """What a key asked for before the presets were read."""
        self._process = LatestProcess[Preflight]()
        self._timer: Timer | None = None
        self._measured = ""
        """Name of the preset whose time is being measured."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield PresetTable()
        yield PresetPanel(id="about-preset")
        yield FilterInput(
            placeholder="part of a name, or the path of a file", suggester=PathCompletion()
        )
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what is being read, below frames and titles."""
        self._show()

    def on_screen_resume(self) -> None:
        """Look at the files again: they may have been written meanwhile."""
        self._read()
        if self._entries:
            self.query_one(PresetTable).focus()
        self._measure_soon()

    def on_screen_suspend(self) -> None:
        self._process.cancel()

    def on_unmount(self) -> None:
        self._process.cancel()

    def on_data_table_row_highlighted(self) -> None:
        self._show()
        self._measure_soon()

    def on_data_table_row_selected(self) -> None:
        self.action_set_up()

    def action_set_up(self) -> None:
        """Set up the preset on the next screens; a broken file stays here with its problems."""
        entry = self._selected
        if not self._entries:
            self._pending = self.action_set_up
        elif entry is not None and entry.preset is None:
            self.tell(_BROKEN)
        elif entry is not None:
            self.post_message(self.PresetChosen(entry.name))

    def action_start(self) -> None:
        """Ask how to start the highlighted preset; where it cannot start, its panel says why."""
        entry = self._selected
        if not self._entries:
            self._pending = self.action_start
        if entry is None:
            return
        if entry.preset is None:
            self.tell(_BROKEN)
            return
        if not entry.is_ready:
            self.tell("Its images are missing: Enter goes on to set their root.")
            return
        try:
            editor = EditorState(document_from(entry.name))
        except MedtuiError:
            self._read()  # the file has changed: its problems are shown in its panel
            return
        PresetActions(self, editor).confirm_start(entry.preset)

    def action_empty(self) -> None:
        self.post_message(self.PresetChosen(""))

    def action_path(self) -> None:
        self.query_one(FilterInput).open()

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        """Show the presets that have the text; Enter on one that none has opens it as a path."""
        self._filter = message.text
        self._show()
        line, table = self.query_one(FilterInput), self.query_one(PresetTable)
        if line.display:
            return
        if not self._filter or table.row_count:
            table.focus()
            return
        try:
            find_preset_path(message.text)
        except MedtuiError:
            self.tell(f"{message.text}: no preset and no file of that name.")
            line.open()
        else:
            table.focus()
            line.value = ""
            self.post_message(self.PresetChosen(message.text))

    def close_layer(self) -> bool:
        """Show all presets again."""
        if not self._filter:
            return False
        self.query_one(FilterInput).value = ""
        return True

    @property
    def _selected(self) -> PresetEntry | None:
        return self._entries.get(self.query_one(PresetTable).selected or "")

    @work(thread=True, exclusive=True, group="read", description="read presets")
    def _read(self) -> None:
        entries = self._reader.read()
        if not get_current_worker().is_cancelled:
            call_for(self, self._take_entries, entries)

    def _take_entries(self, entries: list[PresetEntry]) -> None:
        if not self._entries and self.focused is None:
            self.query_one(PresetTable).focus()
        self._entries = {entry.name: entry for entry in entries}
        self._show()
        pending, self._pending = self._pending, None
        if pending is not None:
            pending()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        title = Text.assemble(("New study", "bold"), ("  start from a preset", colours.muted))
        self.query_one(TitleBar).show(title, Text())
        table, panel = self.query_one(PresetTable), self.query_one(PresetPanel)
        shown = [each for each in self._entries.values() if each.has(self._filter)]
        caption = caption_of(len(shown), len(self._entries), self._filter)
        table.caption(caption, legend_of(shown, colours))
        table.show_entries(shown, colours)
        if entry := self._selected:
            panel.show(entry, colours, is_measuring=self._measured == entry.name)
        elif self._entries:
            panel.show_none(self._filter, colours)

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
        if entry.estimate is None:
            self._measured = entry.name
            self._show()
            self._measure(entry.name, entry.preset)

    @work(thread=True, exclusive=True, group="preflight", description="measure a preset")
    def _measure(self, name: str, preset: Preset) -> None:
        worker = get_current_worker()
        try:
            estimate = measure(preset, self._process.take).estimate
        except MedtuiError:
            estimate = None  # starting it, or setting it up, shows why it cannot run
        if not worker.is_cancelled:
            call_for(self, self._take, name, estimate)

    def _take(self, name: str, estimate: Estimate | None) -> None:
        if name in self._entries:
            self._entries[name] = replace(self._entries[name], estimate=estimate)
        if self._measured == name:
            self._measured = ""
        self._show()
