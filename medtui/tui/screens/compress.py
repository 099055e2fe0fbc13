"""Compress: schemes, densities and settings; the preset as it will be; what it would do."""

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import DataTable
from textual.worker import get_current_worker

from medtui.errors import MedtuiError, UsageError
from medtui.jobs.available_devices import Devices, list_devices
from medtui.jobs.latest_process import LatestProcess
from medtui.jobs.launcher import describe_estimate, preflight
from medtui.preset import Preset, describe_compressions, describe_searches
from medtui.preset.toml import Problem
from medtui.protocol.preflight import CellForecast, Estimate, Preflight
from medtui.tui.bindings import bind
from medtui.tui.editor.document import Draft, sections
from medtui.tui.editor.grid import toggle
from medtui.tui.editor.state import Desk
from medtui.tui.screens.draft_actions import Drafting
from medtui.tui.theme import colours_of
from medtui.tui.widgets.footer import KeyBar
from medtui.tui.widgets.form import Form, FormField
from medtui.tui.widgets.scheme_table import SchemeDetails, SchemeTable, all_schemes
from medtui.tui.widgets.title_bar import TitleBar
from medtui.tui.widgets.toml_text import TomlText
from medtui.units import format_bytes, format_duration, plural

PAUSE_S = 1.5
"""The preset is tried once nothing was changed for so long, seconds."""

_FIRST = (("", "name"), ("", "note"), ("compress", "densities"), ("compress", "seeds"),
          ("compress", "guard"), ("machine", "device"))  # fmt: skip
"""Keys that are changed often; the matrix shows the others of `compress`."""

_TABLES = ("search", "lc", "reference", "model", "guard", "evaluate", "machine")


class CompressScreen(Drafting):
    """Second step of a new study, and its start."""

    HELP = (
        "Every chosen cell is run with every seed. Space on a cell chooses it or leaves it out, on "
        "a scheme's name all of its cells. Percentages are the weights a cell keeps, tried on a "
        "fresh network; a warning sign means emptied layers. Space in the column `search` finds a "
        "scheme's density by itself, beside the grid or without one. "
        "The form's fields and the preset's text are the same thing; defaults are the study's."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]

    BINDINGS = [
        bind("space", "choose", "Choose", "Choose or drop the cell or scheme under the cursor"),
        bind("d", "densities", "Densities", "Go to the densities"),
        bind("f", "find_density", "Search", "Go to the search for a density, or switch it on"),
        bind("k", "copy", "Copy", "Copy the preset's text", shown=False),
        bind("w", "save", "Save", "Save the preset; comments are kept"),
        bind("s", "start", "Start", "Start the study, or show its command line"),
        bind("tab", "app.focus_next", "Field", "Go to the next field", shown=False),
        bind("escape", "back", "Back", "Leave the field, or go back"),
        bind("c", "check", "Check", "Try the preset: data, weights kept, what is wrong"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        """With the draft."""
        self._forecasts: dict[tuple[str, float | None], CellForecast] = {}
        self._notes: list[str] = []
        self._refused: Problem | None = None
        """What trying the draft found wrong with it."""
        self._is_checking = False
        self._estimate: Estimate | None = None
        self._trial = LatestProcess[Preflight]()
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
        if table.is_on_search:
            scheme = all_schemes(draft.preset).get(table.selected)
            if scheme is None:
                self.notify("Mend what is wrong first: the preset's own schemes are not known.")
                return
            if not scheme.takes_density:
                self.notify(f"{table.selected} takes no density that could be searched.")
                return
            self.desk.toggle_search(table.selected)
        else:
            self.desk.take(toggle(draft, table.selected, table.density))
        if self.desk.draft is draft:
            self.notify("A study needs a run.")
            return
        self._forget_estimate(draft)
        self._show()

    def action_find_density(self) -> None:
        """Go to the search's settings; where there is none, begin with the scheme in view."""
        draft = self.desk.draft
        if not draft.has("search"):
            self.desk.toggle_search(self._scheme_to_search())
            self._forget_estimate(draft)
            self._show()
        self.call_after_refresh(self.query_one(Form).go_to, "search", "scheme")

    @property
    def objection(self) -> str:
        """What is wrong with the draft, by itself or once it was tried."""
        return self._problems[0].sentence if self._problems else ""

    @property
    def _problems(self) -> list[Problem]:
        return [*self.desk.draft.problems, *([self._refused] if self._refused else [])]

    def action_densities(self) -> None:
        """Go to the densities' field."""
        field = self.query_one("#compress-densities Input")
        field.focus()
        field.scroll_visible(animate=False)

    def action_check(self) -> None:
        """Try the preset in a process of its own."""
        preset = self.desk.draft.preset
        if preset is not None:
            self._trial.cancel()  # two at once would slow down each other's measurement
            self._is_checking = True
            self._show()
            self._try(preset)

    def on_unmount(self) -> None:
        """Leave no process behind."""
        self._trial.cancel()

    def action_back(self) -> None:
        """Leave the field; from the table, leave the screen."""
        table = self.query_one(SchemeTable)
        if table.has_focus:
            self.app.pop_screen()
        else:
            table.focus()

    @work(thread=True, exclusive=True, group="preflight")
    def _try(self, preset: Preset) -> None:
        worker = get_current_worker()
        try:
            outcome: Preflight | MedtuiError = preflight(
                preset, is_measured=True, started=self._trial.take
            )
        except MedtuiError as error:
            outcome = error
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, preset, outcome)

    @work(thread=True, group="devices")
    def _probe_devices(self) -> None:
        devices = list_devices()
        self.app.call_from_thread(self._take_devices, devices)

    def _take_devices(self, devices: Devices) -> None:
        if not self.display:
            return
        self.query_one("#machine-device", FormField).explain(devices.description, devices.names)
        self._show()

    def _forget_estimate(self, before: Draft) -> None:
        """What was measured for another preset is not shown for this one."""
        if self.desk.draft != before:
            self._estimate = self._refused = None
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(PAUSE_S, self.action_check)

    def _take(self, preset: Preset, outcome: Preflight | MedtuiError) -> None:
        if not self.display:
            return  # the screen is being left
        self._is_checking = False
        if preset == self.desk.draft.preset:  # else it is about an older draft
            self._judge(outcome)
        self._show()

    def _judge(self, outcome: Preflight | MedtuiError) -> None:
        if isinstance(outcome, MedtuiError):
            self._forecasts, self._notes, self._estimate = {}, [str(outcome)], None
            is_refused = bool(outcome.key) or isinstance(outcome, UsageError)
            self._refused = Problem(str(outcome), outcome.key) if is_refused else None
        else:
            self._forecasts = {(cell.scheme, cell.density): cell for cell in outcome.cells}
            self._notes, self._estimate = list(outcome.notes), outcome.estimate
            self._refused = None

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        draft = self.desk.draft
        steps = Text.assemble(
            ("New study ▸ 1 Data ▸ ", colours.muted), ("2 Compress", "bold"),
            (" ▸ 3 Start", colours.muted),
        )  # fmt: skip
        self.query_one(TitleBar).show(steps, self._summary())
        form = self.query_one(Form)
        form.show(draft, colours, [self._refused] if self._refused else [])
        form.say("search", self._searches())
        said = describe_estimate(self._estimate) if self._estimate else ""
        self.query_one(TomlText).show(draft, colours, self._notes, said)
        if draft.preset is not None:
            self.query_one(SchemeTable).show_grid(draft.preset, self._forecasts, colours)
        self._show_details()

    def _show_details(self) -> None:
        preset, table = self.desk.draft.preset, self.query_one(SchemeTable)
        if preset is not None and table.selected is not None:
            colours, details = colours_of(self.app.current_theme), self.query_one(SchemeDetails)
            if table.is_on_search:
                details.show_search(table.selected, preset, colours)
            else:
                place = (table.selected, table.density)
                details.show(place, preset, self._forecasts, colours)

    def _scheme_to_search(self) -> str:
        """Give the scheme under the cursor; the first other one where it takes no density."""
        known = all_schemes(self.desk.draft.preset)
        selected = self.query_one(SchemeTable).selected
        names = [selected, *known] if selected in known else known
        return next(name for name in names if known[name].takes_density)

    def _searches(self) -> Text:
        """Say what the search costs, and how it is switched on and off."""
        colours, draft = colours_of(self.app.current_theme), self.desk.draft
        if not draft.has("search"):
            return Text("Off: the grid alone is run. f begins one.", colours.muted)
        if draft.preset is None:
            return Text("What it costs is said once nothing is wrong.", colours.warning)
        how = "Space in the column `search` drops a scheme"
        how += "; the last one switches it off." if draft.preset.compress.schemes else "."
        return Text.assemble(f"{describe_searches(draft.preset)}. ", (how, colours.muted))

    def _summary(self) -> Text:
        colours = colours_of(self.app.current_theme)
        preset, count = self.desk.draft.preset, len(self._problems)
        if preset is None or count:
            return Text(f"⚠ {plural(count, 'problem')}", colours.warning)
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
