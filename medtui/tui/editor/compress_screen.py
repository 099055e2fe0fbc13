"""Compress: schemes, densities and settings, the preset's text, and the preflight check."""

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable

from medtui.jobs.available_devices import Devices, list_devices
from medtui.tui.bindings import bind, bind_fields
from medtui.tui.editor.document import PresetDocument, sections
from medtui.tui.editor.estimate_panel import EstimatePanel
from medtui.tui.editor.form import Form, FormField
from medtui.tui.editor.grid import toggle
from medtui.tui.editor.labels import with_labels
from medtui.tui.editor.preflight_state import summarise_search
from medtui.tui.editor.preset_actions import PresetActions
from medtui.tui.editor.preset_check import PresetCheck
from medtui.tui.editor.scheme_table import SchemeDetails, SchemeTable, all_schemes
from medtui.tui.editor.state import EditorState
from medtui.tui.editor.steps_text import steps_text
from medtui.tui.editor.text_screen import PresetTextScreen
from medtui.tui.editor.toml_view import TomlView
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of
from medtui.tui.threads import call_for
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.title_bar import TitleBar

_FIRST = (("", "name"), ("", "note"), ("compress", "densities"), ("compress", "seeds"),
          ("compress", "control"), ("compress", "scratch"), ("compress", "guard"),
          ("machine", "device"))  # fmt: skip
"""Keys that are changed often; the table shows the others of `compress`."""

_TABLES = ("search", "lc", "reference", "model", "guard", "evaluate", "machine", "compute")


class CompressScreen(LayeredScreen[None]):
    """Second step of a new study; starts it."""

    HELP = (
        "Each selected cell is run with every seed. Press Space on a cell to select or deselect "
        "it, and on the name of a scheme to select or deselect all of its cells. Percentages are "
        "the weights that a cell keeps, measured on a newly initialised network; a warning sign "
        "marks layers without weights. Press Space in the column Search to search for the "
        "density of a scheme automatically, with or without a grid. The form and the preset's text "
        "show the same settings."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]

    BINDINGS = [
        bind("mark", "choose", "Set", "Select or deselect the cell or scheme under the cursor"),
        bind("go", "start", "Start", "Start the study, or show its command"),
        bind("restore", "undo", "Undo", "Undo the last change of the preset"),
        bind("write", "save", "Write", "Save the preset, with its comments"),
        bind("edit", "edit", "Edit", "Edit the preset as text"),
        *bind_fields(),
        bind("densities", "densities", "Density", "Add a density behind the others"),
        bind("check", "check", "Check", "Check the preset: data, weights kept, errors, time"),
        bind("copy", "copy", "Copy", "Copy the preset's text", shown=False),
        bind("close", "close", "Close", "Leave the field", shown=False),
        bind("back", "back", "Back", "Go back to the previous screen"),
        bind(
            "find_density",
            "find_density",
            "Search",
            "Move to the search for a density, or enable it",
        ),
    ]

    def __init__(self, editor: EditorState) -> None:
        super().__init__()
        self.editor = editor
        """The edited preset."""
        self._preset_actions = PresetActions(self, editor)
        self._check = PresetCheck(self, editor, self._show, self._report_check)
        self._is_check_asked = False
        """Whether the check's outcome has to be reported: a key asked for it."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield SchemeTable()
                yield SchemeDetails(id="details")
                yield Form("Settings", _FIRST, tables=_tables(), id="settings")
            with Vertical(id="right"):
                yield TomlView(id="toml")
                yield EstimatePanel(id="estimate")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the document and check it."""
        self._show()
        self.query_one(SchemeTable).focus()
        self._check.start()
        self._list_devices()

    def on_form_field_changed(self, message: FormField.Changed) -> None:
        """Set the key in the document."""
        before = self.editor.document
        self.editor.set(message.section, message.name, message.value)
        self._follow_change(before)

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
                # While it has errors, the preset's own schemes cannot be read.
                self.tell("Correct the errors of the preset first.")
                return
            if not scheme.takes_density:
                self.tell(f"{table.selected} has no density to search for.")
                return
            self.editor.toggle_search(table.selected)
        else:
            self.editor.take(toggle(document, table.selected, table.density))
        if self.editor.document is document:
            self.tell("A study needs at least one run.")
            return
        self._follow_change(document)

    def action_find_density(self) -> None:
        """Move to the search's settings; without a search, add one for the current scheme."""
        document = self.editor.document
        if not document.has("search"):
            self.editor.toggle_search(self._scheme_to_search())
            self._follow_change(document)
        self.call_after_refresh(self.query_one(Form).go_to, "search", "scheme")

    def action_densities(self) -> None:
        self.query_one(Form).field("compress", "densities").begin_value()

    def action_check(self) -> None:
        """Check the preset in a separate process, and report the outcome."""
        if self.editor.document.preset is None:
            self.tell(self._check.state.report(self.editor.document))
            return
        self._is_check_asked = True
        self.notify("Checking the preset on this machine …", markup=False)
        self._check.start()

    def _report_check(self) -> None:
        """Report a check that a key asked for; in a narrow terminal its panel is out of view."""
        if self._is_check_asked:
            self._is_check_asked = False
            state, document = self._check.state, self.editor.document
            is_good = not state.problems_of(document)
            self.notify(
                state.report(document), severity="information" if is_good else "warning",
                markup=False,
            )  # fmt: skip

    def action_undo(self) -> None:
        """Undo the last change."""
        before = self.editor.document
        self.editor.undo()
        self._follow_change(before)

    def action_edit(self) -> None:
        """Edit the preset as text."""
        before = self.editor.document
        self.app.push_screen(PresetTextScreen(self.editor), lambda _: self._follow_change(before))

    def on_unmount(self) -> None:
        self._check.close()

    def action_save(self) -> None:
        self._preset_actions.ask_where_to_save()

    def action_copy(self) -> None:
        self._preset_actions.copy()

    def action_start(self) -> None:
        """Ask how to start; show the first error where the preset has any."""
        preset, problems = (
            self.editor.document.preset,
            self._check.state.problems_of(self.editor.document),
        )
        if preset is None or problems:
            if not self.query_one(Form).focus_problem(problems):
                self.tell(with_labels(problems[0].sentence, "compress"))
        else:
            self._preset_actions.confirm_start(preset)

    @property
    def has_edited_draft(self) -> bool:
        """Whether quitting would lose changes of the draft."""
        return self.editor.is_edited

    def why_not(self, action: str) -> str:
        """Return why there is nothing to undo."""
        if action == "undo" and not self.editor.can_undo:
            return "There is no change to undo."
        return super().why_not(action)

    def close_layer(self) -> bool:
        """Leave the field for the table."""
        table = self.query_one(SchemeTable)
        if table.has_focus:
            return False
        table.focus()
        return True

    @work(thread=True, group="devices")
    def _list_devices(self) -> None:
        devices = list_devices()
        call_for(self, self._take_devices, devices)

    def _take_devices(self, devices: Devices) -> None:
        self.query_one("#machine-device", FormField).explain(devices.description, devices.names)
        self._show()

    def _follow_change(self, before: PresetDocument) -> None:
        """Show the document, and check it after a pause, if it is another than before."""
        if self.editor.document != before:
            self._check.start_soon()
        self._show()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        document, preflight = self.editor.document, self._check.state
        steps = steps_text(1, colours, is_narrow=self.has_class("-narrow"))
        name = str(document.value("", "name") or "")
        summary = preflight.summarise(document, colours)
        self.query_one(TitleBar).show(steps, Text(f"{name}  ", colours.muted).append_text(summary))
        form = self.query_one(Form)
        form.show(document, colours, [preflight.problem] if preflight.problem else [])
        form.show_note("search", summarise_search(document, colours))
        self.query_one(TomlView).show(document, colours, preflight.notes)
        self.query_one(EstimatePanel).show(document.preset, preflight, colours)
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
                details.show(place, preset, self._check.state.forecasts, colours)

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
