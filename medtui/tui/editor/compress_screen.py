"""Compress: schemes, densities and settings, the preset's text, and the preflight check."""

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import DataTable
from textual.worker import get_current_worker

from medtui.errors import MedtuiError
from medtui.jobs.available_devices import Devices, list_devices
from medtui.jobs.latest_process import LatestProcess
from medtui.jobs.launcher import describe_estimate, preflight
from medtui.jobs.measured_estimates import keep_estimate
from medtui.preset import Preset
from medtui.protocol.preflight import Preflight
from medtui.tui.bindings import bind
from medtui.tui.editor.document import PresetDocument, sections
from medtui.tui.editor.form import Form, FormField
from medtui.tui.editor.grid import toggle
from medtui.tui.editor.preflight_state import PreflightState, summarise_search
from medtui.tui.editor.preset_actions import PresetActions
from medtui.tui.editor.scheme_table import SchemeDetails, SchemeTable, all_schemes
from medtui.tui.editor.state import EditorState
from medtui.tui.editor.toml_view import TomlView
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.title_bar import TitleBar

PAUSE_S = 1.5
"""The preset is checked after this many seconds without a change."""

_FIRST = (("", "name"), ("", "note"), ("compress", "densities"), ("compress", "seeds"),
          ("compress", "control"), ("compress", "scratch"), ("compress", "guard"),
          ("machine", "device"))  # fmt: skip
"""Keys that are changed often; the table shows the others of `compress`."""

_TABLES = ("search", "lc", "reference", "model", "guard", "evaluate", "machine")


class CompressScreen(LayeredScreen[None]):
    """Second step of a new study; starts it."""

    HELP = (
        "Each selected cell is run with every seed. Press Space on a cell to select or deselect "
        "it, and on the name of a scheme to select or deselect all of its cells. Percentages are "
        "the weights that a cell keeps, measured on a newly initialised network; a warning sign "
        "marks collapsed layers. Press Space in the column `search` to search for the density of a "
        "scheme automatically, with or without a grid. The form and the preset's text show the "
        "same settings."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]

    BINDINGS = [
        bind("mark", "choose", "Select", "Select or deselect the cell or scheme under the cursor"),
        bind("densities", "densities", "Density", "Add a density: move to their field"),
        bind("go", "start", "Start", "Start the study, or show its command"),
        bind("write", "save", "Write", "Save the preset, with its comments"),
        bind("copy", "copy", "Copy", "Copy the preset's text", shown=False),
        bind("next_pane", "app.focus_next", "Field", "Move to the next field", shown=False),
        bind(
            "next_pane_back",
            "app.focus_previous",
            "Field",
            "Move to the previous field",
            shown=False,
        ),
        bind("close", "close", "Close", "Leave the field", shown=False),
        bind("back", "back", "Back", "Go back to the previous screen"),
        bind(
            "find_density",
            "find_density",
            "Search",
            "Move to the search for a density, or enable it",
        ),
        bind("check", "check", "Check", "Check the preset: data, weights kept, errors"),
    ]

    def __init__(self, editor: EditorState) -> None:
        super().__init__()
        self.editor = editor
        """The edited preset."""
        self._preset_actions = PresetActions(self, editor)
        self._preflight = PreflightState()
        self._process = LatestProcess[Preflight]()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield SchemeTable()
                yield SchemeDetails(id="details")
                yield Form("Settings", _FIRST, tables=_tables(), id="settings")
            yield TomlView(id="toml")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the document and check it."""
        self._show()
        self.query_one(SchemeTable).focus()
        self.action_check()
        self._list_devices()

    def on_form_field_changed(self, message: FormField.Changed) -> None:
        """Set the key in the document."""
        before = self.editor.document
        self.editor.set(message.section, message.name, message.value)
        self._forget_estimate(before)
        self._show()

    def on_input_submitted(self) -> None:
        self.focus_next()

    def on_data_table_cell_highlighted(self) -> None:
        self._show_details()

    def on_data_table_cell_selected(self, event: DataTable.CellSelected) -> None:
        """Select the cell: Enter does the same as Space."""
        event.stop()
        self.action_choose()

    def action_choose(self) -> None:
        """Select or deselect the cell under the cursor; on a scheme's name, all of its cells."""
        table, document = self.query_one(SchemeTable), self.editor.document
        if table.selected is None:
            return
        if table.is_on_search:
            scheme = all_schemes(document.preset).get(table.selected)
            if scheme is None:
                self.notify(
                    "Correct the errors of the preset first; its own schemes could not be read."
                )
                return
            if not scheme.takes_density:
                self.notify(f"{table.selected} has no density to search for.")
                return
            self.editor.toggle_search(table.selected)
        else:
            self.editor.take(toggle(document, table.selected, table.density))
        if self.editor.document is document:
            self.notify("A study needs at least one run.")
            return
        self._forget_estimate(document)
        self._show()

    def action_find_density(self) -> None:
        """Move to the search's settings; without a search, add one for the current scheme."""
        document = self.editor.document
        if not document.has("search"):
            self.editor.toggle_search(self._scheme_to_search())
            self._forget_estimate(document)
            self._show()
        self.call_after_refresh(self.query_one(Form).go_to, "search", "scheme")

    def action_densities(self) -> None:
        field = self.query_one("#compress-densities Input")
        field.focus()
        field.scroll_visible(animate=False)

    def action_check(self) -> None:
        """Check the preset in a separate process."""
        preset = self.editor.document.preset
        if preset is not None:
            self._process.cancel()  # two checks at once would slow down each other's measurements
            self._preflight.is_running = True
            self._show()
            self._check(preset)

    def on_unmount(self) -> None:
        self._process.cancel()

    def action_save(self) -> None:
        self._preset_actions.ask_where_to_save()

    def action_copy(self) -> None:
        self._preset_actions.copy()

    def action_start(self) -> None:
        """Ask how to start; show the first error where the preset has any."""
        preset, problems = (
            self.editor.document.preset,
            self._preflight.problems_of(self.editor.document),
        )
        if preset is None or problems:
            if not self.query_one(Form).focus_problem(problems):
                self.notify(problems[0].sentence, severity="warning", markup=False)
        else:
            self._preset_actions.confirm_start(preset)

    @property
    def has_edited_draft(self) -> bool:
        """Whether quitting would lose changes of the draft."""
        return self.editor.is_edited

    def close_layer(self) -> bool:
        """Leave the field for the table."""
        table = self.query_one(SchemeTable)
        if table.has_focus:
            return False
        table.focus()
        return True

    @work(thread=True, exclusive=True, group="preflight")
    def _check(self, preset: Preset) -> None:
        worker = get_current_worker()
        try:
            found = preflight(preset, is_measured=True, started=self._process.take)
            outcome: Preflight | MedtuiError = found
            if found.estimate is not None:
                keep_estimate(preset, found.estimate)
        except MedtuiError as error:
            outcome = error
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, preset, outcome)

    @work(thread=True, group="devices")
    def _list_devices(self) -> None:
        devices = list_devices()
        self.app.call_from_thread(self._take_devices, devices)

    def _take_devices(self, devices: Devices) -> None:
        if not self.display:
            return
        self.query_one("#machine-device", FormField).explain(devices.description, devices.names)
        self._show()

    def _forget_estimate(self, before: PresetDocument) -> None:
        """Discard measurements of the previous preset, and check the new one after a pause."""
        if self.editor.document != before:
            self._preflight.forget()
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(PAUSE_S, self.action_check)

    def _take(self, preset: Preset, outcome: Preflight | MedtuiError) -> None:
        if not self.display:
            return  # the screen is closing
        self._preflight.is_running = False
        if preset == self.editor.document.preset:  # otherwise it belongs to an older document
            self._preflight.take(outcome)
        self._show()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        document, preflight = self.editor.document, self._preflight
        steps = Text.assemble(
            ("New study ▸ 1 Data ▸ ", colours.muted), ("2 Compress", "bold"),
            (" ▸ 3 Start", colours.muted),
        )  # fmt: skip
        self.query_one(TitleBar).show(steps, preflight.summarise(document, colours))
        form = self.query_one(Form)
        form.show(document, colours, [preflight.problem] if preflight.problem else [])
        form.show_note("search", summarise_search(document, colours))
        estimate = describe_estimate(preflight.estimate) if preflight.estimate else ""
        self.query_one(TomlView).show(document, colours, preflight.notes, estimate)
        if document.preset is not None:
            self.query_one(SchemeTable).show_grid(document.preset, preflight.forecasts, colours)
        self._show_details()

    def _show_details(self) -> None:
        preset, table = self.editor.document.preset, self.query_one(SchemeTable)
        if preset is not None and table.selected is not None:
            colours, details = colours_of(self.app.current_theme), self.query_one(SchemeDetails)
            if table.is_on_search:
                details.show_search(table.selected, preset, colours)
            else:
                place = (table.selected, table.density)
                details.show(place, preset, self._preflight.forecasts, colours)

    def _scheme_to_search(self) -> str:
        """Return the scheme under the cursor; the first one with a density where it has none."""
        known = all_schemes(self.editor.document.preset)
        selected = self.query_one(SchemeTable).selected
        names = [selected, *known] if selected in known else known
        return next(name for name in names if known[name].takes_density)


def _tables() -> dict[str, list[str]]:
    """Return the other keys of the form, by table."""
    known = sections()
    return {
        table: [key for key in known[table].model_fields if (table, key) not in _FIRST]
        for table in _TABLES
    }
