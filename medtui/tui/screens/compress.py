"""Compress: schemes, densities and settings; the preset as it will be; what it would do."""

import shlex
from functools import partial
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import DataTable
from textual.worker import get_current_worker

from medtui.errors import MedtuiError
from medtui.launch import CellForecast, Estimate, Preflight, describe_estimate, preflight
from medtui.preset import Preset, describe_compressions
from medtui.runs.folder import slugify
from medtui.runs.publish import publish_text
from medtui.tui.colours import colours_of
from medtui.tui.copying import copy_text
from medtui.tui.desk import Desk
from medtui.tui.devices import Devices, list_devices
from medtui.tui.draft import Draft, sections
from medtui.tui.keys import bind
from medtui.tui.matrix import toggle
from medtui.tui.screens.prompt import Prompt
from medtui.tui.screens.question import Choice, Question
from medtui.tui.widgets.form import Form, FormField
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.scheme_table import SchemeDetails, SchemeTable
from medtui.tui.widgets.title_bar import TitleBar
from medtui.tui.widgets.toml_text import TomlText
from medtui.units import format_bytes, format_duration

PAUSE_S = 1.5
"""The preset is tried once nothing was changed for so long, seconds."""

_FIRST = (("", "name"), ("", "note"), ("compress", "densities"), ("compress", "seeds"),
          ("compress", "guard"), ("machine", "device"))  # fmt: skip
"""Keys that are changed often; the matrix shows the others of `compress`."""

_TABLES = ("lc", "reference", "model", "guard", "evaluate", "machine")


class CompressScreen(Screen[None]):
    """Second step of a new study, and its start."""

    HELP = (
        "Every chosen cell is run with every seed. Space on a cell chooses it or leaves it out, on "
        "a scheme's name all of its cells. Percentages are the weights a cell keeps, tried on a "
        "fresh network; a warning sign means emptied layers. "
        "The form's fields and the preset's text are the same thing; defaults are the study's."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]

    BINDINGS = [
        bind("space", "choose", "Choose", "Choose or drop the cell or scheme under the cursor"),
        bind("d", "densities", "Densities", "Go to the densities"),
        bind("c", "check", "Check", "Try the preset: data, weights kept, what is wrong"),
        bind("k", "copy", "Copy", "Copy the preset's text", shown=False),
        bind("w", "save", "Save", "Save the preset; comments are kept"),
        bind("s", "start", "Start", "Start the study, or show its command line"),
        bind("tab", "app.focus_next", "Field", "Go to the next field", shown=False),
        bind("escape", "back", "Back", "Leave the field, or go back"),
    ]

    class Started(Message):
        """The study is to be started."""

        def __init__(self, preset: Preset, *, is_watched: bool) -> None:
            super().__init__()
            self.preset = preset
            self.is_watched = is_watched
            """Whether its screen is to be opened."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        """With the draft."""
        self._forecasts: dict[tuple[str, float | None], CellForecast] = {}
        self._notes: list[str] = []
        self._is_checking = False
        self._estimate: Estimate | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield TitleBar()
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield SchemeTable()
                yield SchemeDetails(id="details")
                yield Form("Settings", _FIRST, tables=_tables(), id="settings")
            yield TomlText(id="toml")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the draft and try it."""
        self._show()
        self.query_one(SchemeTable).focus()
        self.action_check()
        self._probe_devices()

    def on_form_field_changed(self, message: FormField.Changed) -> None:
        """Take the value into the draft."""
        before = self.desk.draft
        self.desk.set(message.section, message.name, message.value)
        self._forget_estimate(before)
        self._show()

    def on_input_submitted(self) -> None:
        """Enter goes to the next field."""
        self.focus_next()

    def on_data_table_cell_highlighted(self) -> None:
        """Say what the scheme under the cursor does."""
        self._show_details()

    def on_data_table_cell_selected(self, event: DataTable.CellSelected) -> None:
        """Enter chooses, as space does."""
        event.stop()
        self.action_choose()

    def action_choose(self) -> None:
        """Choose or drop the cell under the cursor; on a scheme's name, all of its cells."""
        table, draft = self.query_one(SchemeTable), self.desk.draft
        if table.selected is None:
            return
        changed = toggle(draft, table.selected, table.density)
        if changed is draft:
            self.notify("A study needs a run.")
            return
        self.desk.take(changed)
        self._forget_estimate(draft)
        self._show()

    def action_densities(self) -> None:
        """Go to the densities' field."""
        field = self.query_one("#compress-densities Input")
        field.focus()
        field.scroll_visible(animate=False)

    def action_check(self) -> None:
        """Try the preset in a process of its own."""
        preset = self.desk.draft.preset
        if preset is not None:
            self._is_checking = True
            self._show()
            self._try(preset)

    def action_save(self) -> None:
        """Ask where to save."""
        name = slugify(str(self.desk.draft.value("", "name") or "study"))
        self.app.push_screen(
            Prompt("Save this preset as:", self.desk.saved_as or f"{name}.toml"), self._save
        )

    def action_copy(self) -> None:
        """Copy the preset's text."""
        self.notify(copy_text(self.app, self.desk.draft.text), markup=False)

    def action_start(self) -> None:
        """Ask how to start."""
        preset = self.desk.draft.preset
        if preset is None:
            self.notify(self.desk.draft.problems[0].sentence, severity="warning", markup=False)
            return
        question = Question(
            f"Start {preset.name}: a reference and {describe_compressions(preset)}? "
            "It runs in the background and needs no terminal.",
            [
                Choice("s", "watch", "Start and watch"),
                Choice("b", "start", "Start in the background and go Home"),
                Choice("p", "print", "Save the preset and show the command line instead"),
                Choice("c", "", "Cancel"),
            ],
        )
        self.app.push_screen(question, partial(self._start, preset))

    def action_back(self) -> None:
        """Leave the field; from the table, leave the screen."""
        table = self.query_one(SchemeTable)
        if table.has_focus:
            self.app.pop_screen()
        else:
            table.focus()

    def _start(self, preset: Preset, answer: str | None) -> None:
        if answer in {"watch", "start"}:
            self.post_message(self.Started(preset, is_watched=answer == "watch"))
        elif answer == "print":
            self._save(self.desk.saved_as or f"{slugify(preset.name)}.toml")
            if self.desk.saved_as:
                command = f"medtui --run {shlex.quote(self.desk.saved_as)}"
                said = f"{command}\n{copy_text(self.app, command)}"
                self.notify(said, timeout=20, markup=False)

    def _save(self, path: str | None) -> None:
        if not path:
            return
        target = Path(path).expanduser()
        if target.exists() and str(target) != self.desk.saved_as:
            self.notify(f"{target} exists already; choose another name.", severity="warning")
            return
        try:
            publish_text(target, self.desk.draft.text)
        except OSError as error:
            self.notify(f"{target} cannot be written: {error.strerror}.", severity="error")
            return
        self.desk.saved_as = str(target)
        self.notify(f"Saved as {target}.", markup=False)

    @work(thread=True, exclusive=True, group="preflight")
    def _try(self, preset: Preset) -> None:
        worker = get_current_worker()
        try:
            outcome: Preflight | MedtuiError = preflight(preset, is_measured=True)
        except MedtuiError as error:
            outcome = error
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, outcome)

    @work(thread=True, group="devices")
    def _probe_devices(self) -> None:
        devices = list_devices()
        self.app.call_from_thread(self._take_devices, devices)

    def _take_devices(self, devices: Devices) -> None:
        self.query_one("#machine-device", FormField).explain(devices.meaning, devices.names)
        self._show()

    def _forget_estimate(self, before: Draft) -> None:
        """What was measured for another preset is not shown for this one."""
        if self.desk.draft != before:
            self._estimate = None
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(PAUSE_S, self.action_check)

    def _take(self, outcome: Preflight | MedtuiError) -> None:
        self._is_checking = False
        if isinstance(outcome, MedtuiError):
            self._forecasts, self._notes, self._estimate = {}, [str(outcome)], None
        else:
            self._forecasts = {(cell.scheme, cell.density): cell for cell in outcome.cells}
            self._notes, self._estimate = list(outcome.notes), outcome.estimate
        self._show()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        draft = self.desk.draft
        steps = Text.assemble(
            ("New study ▸ 1 Data ▸ ", colours.muted), ("2 Compress", "bold"),
            (" ▸ 3 Start", colours.muted),
        )  # fmt: skip
        self.query_one(TitleBar).show(steps, self._summary())
        self.query_one(Form).show(draft, colours)
        said = describe_estimate(self._estimate) if self._estimate else ""
        self.query_one(TomlText).show(draft, colours, self._notes, said)
        if draft.preset is not None:
            self.query_one(SchemeTable).show_grid(draft.preset, self._forecasts, colours)
        self._show_details()

    def _show_details(self) -> None:
        preset, table = self.desk.draft.preset, self.query_one(SchemeTable)
        if preset is not None and table.selected is not None:
            place, colours = (table.selected, table.density), colours_of(self.app.current_theme)
            self.query_one(SchemeDetails).show(place, preset, self._forecasts, colours)

    def _summary(self) -> Text:
        colours = colours_of(self.app.current_theme)
        preset = self.desk.draft.preset
        if preset is None:
            count = len(self.desk.draft.problems)
            return Text(f"⚠ {count} problem{'s' if count > 1 else ''}", colours.warning)
        text = Text(f"1 reference + {describe_compressions(preset, 'run')}", colours.muted)
        if self._estimate is not None:
            text.append(f" · about {format_duration(self._estimate.seconds_study)}", colours.strong)
            text.append(f" · {format_bytes(self._estimate.bytes_disk)}")
        if self._is_checking:
            text = Text.assemble(("trying it …  ", colours.accent), text)
        return text


def _tables() -> dict[str, list[str]]:
    """Give every further key, by its table."""
    known = sections()
    return {
        table: [key for key in known[table].model_fields if (table, key) not in _FIRST]
        for table in _TABLES
    }
