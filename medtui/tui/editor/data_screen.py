"""Data: the images, their size and splits, and a report on the data set."""

from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer

from medtui.errors import EnvironmentProblem
from medtui.preset.measuring import DEFAULT_MARGIN
from medtui.resources import card_names
from medtui.tui.bindings import bind, bind_fields
from medtui.tui.editor.card_screen import CardScreen
from medtui.tui.editor.data_inspections import DataInspections
from medtui.tui.editor.dataset_report import DatasetReport
from medtui.tui.editor.document import PresetDocument, sections
from medtui.tui.editor.form import Form, FormField
from medtui.tui.editor.labels import with_labels
from medtui.tui.editor.missing_images import missing_images
from medtui.tui.editor.preset_actions import PresetActions, discard_dialog
from medtui.tui.editor.state import EditorState
from medtui.tui.editor.steps_text import steps_text
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.title_bar import TitleBar
from medtui.user_folders import expand_home

PAUSE_S = 0.8
"""The data are inspected after this many seconds without a change."""

_FIELDS = ("card", "root", "size", "split", "fractions", "seed", "limit", "on_bad_image", "accept")

AUGMENT = "data.augment"
"""The table that replaces the card's augmentation."""


class DataScreen(LayeredScreen[None]):
    """First step of a new study."""

    HELP = (
        "A card describes a data set: its format, classes, patients and size. The root is the "
        "folder or npz file with the images; some cards include them. The data set is inspected "
        "again after every change. Keys of [data.augment] replace the card's augmentation: what is "
        "not set there is off. All images of a patient are in the same split unless the report "
        "states otherwise. Press C to read every image: it finds unreadable files and duplicates, "
        "and measures mean and standard deviation. The decoded images are cached for the study. "
        "Press C again to cancel."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    AUTO_FOCUS = ""

    BINDINGS = [
        *bind_fields(),
        bind("go", "next", "Next step", "Continue with schemes and densities"),
        bind("check", "check", "Check images", "Read every image, or cancel"),
        bind("write", "card", "Write card", "Describe the images of the root folder in a new card"),
        bind("page", "page(1)", "More", "Scroll the report down"),
        bind("page_back", "page(-1)", "", "Scroll the report up"),
        bind("close", "close", "Close", "Leave the field", shown=False),
        bind("back", "back", "Back", "Go back to the previous screen"),
        bind("reload", "reload", "Reload", "Inspect the data set again"),
    ]

    @dataclass
    class Completed(Message):
        """The data set was selected."""

        editor: EditorState

    def __init__(self, editor: EditorState) -> None:
        super().__init__()
        self.editor = editor
        """The edited preset."""
        self._inspections = DataInspections(self, self._show)
        self._timer: Timer | None = None
        self._refused: PresetDocument | None = None
        """The preset with which the user was told that the images are missing."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="body"):
            fields = [("data", name) for name in _FIELDS]
            tables = {AUGMENT: list(sections()[AUGMENT].model_fields)}
            yield Form("Data", fields, tables=tables, suggestions={"card": card_names()}, id="form")
            yield DatasetReport(id="report")
        yield KeyBar()

    def on_mount(self) -> None:
        self._show()
        self.action_reload()

    def on_screen_resume(self) -> None:
        """Show the document again: a later screen may have changed it."""
        self._show()

    def on_form_field_changed(self, message: FormField.Changed) -> None:
        """Set the key in the document; inspect the data again after a pause."""
        self.editor.set(message.section, message.name, message.value)
        self._show()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE_S, self.action_reload)

    def on_input_submitted(self) -> None:
        self.focus_next()

    def on_descendant_focus(self) -> None:
        self._show_hint()

    def on_descendant_blur(self) -> None:
        """Show the hint again where no other field gets the focus."""
        self.call_after_refresh(self._show_hint)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def action_reload(self) -> None:
        """Inspect the data set, if the form is valid."""
        preset = self.editor.document.preset
        if preset is None:
            return
        self._inspections.start(preset.data)

    def action_check(self) -> None:
        """Read every image, or cancel that."""
        preset, found = self.editor.document.preset, self._inspections
        if found.reading is not None:
            found.cancel()
            self._show()
        elif preset is None:
            self._go_to_problem()
        elif found.report is None or found.problem:
            waits = "The data set is still being inspected."
            self.tell(found.problem.partition("\n")[0] or waits)
        else:
            found.read_all(preset.data)

    def action_card(self) -> None:
        """Open the form of a card for the images below the root."""
        root = str(self.editor.document.value("data", "root") or "")
        message = "Enter the folder of your images as root first."
        try:
            folder = expand_home(root) if root else None
        except EnvironmentProblem as problem:
            folder, message = None, problem.message
        if folder is not None:
            self.app.push_screen(CardScreen(str(folder)), self._use_card)
        else:
            self.tell(message)

    def _use_card(self, path: str | None) -> None:
        """Use a card that was written; its own split and size count."""
        if path:
            for name, value in (("card", path), ("size", None), ("split", None)):
                self.editor.set("data", name, value)
            self.action_reload()

    def action_page(self, direction: int) -> None:
        """Scroll the report; on a narrow screen, scroll all of the screen."""
        for place in (self.query_one("#body"), self.query_one(DatasetReport)):
            place.scroll_relative(y=direction * (place.size.height - 1))

    def action_next(self) -> None:
        """Continue with the next step; a wrong field gets the focus.

        Where the images are missing, only when asked for again: a preset can be prepared for
        another machine.
        """
        document, form = self.editor.document, self.query_one(Form)
        if document.preset is None:
            self._go_to_problem()
            return
        report = self._inspections.report
        problem = report.problem if report else missing_images(document.preset.data)
        if problem and self._refused != document:
            self._refused = document
            form.focus_field("data", "root")
            # The footer of a field has more room.
            self.call_after_refresh(self.tell, "Images missing: correct root; esc and g go on.")
        else:
            self.post_message(self.Completed(self.editor))

    def _go_to_problem(self) -> None:
        """Focus the first wrong field; where the form has no such field, say what is wrong."""
        problems = self.editor.document.problems
        if not self.query_one(Form).focus_problem(problems):
            self.tell(with_labels(problems[0].sentence, "data"))

    @property
    def has_edited_draft(self) -> bool:
        """Whether quitting would lose changes of the draft."""
        return self.editor.is_edited

    def close_layer(self) -> bool:
        """Leave the field."""
        if self.focused is None:
            return False
        self.set_focus(None)
        return True

    def action_back(self) -> None:
        """Go back to the presets; ask first where the draft was edited."""
        if self.editor.is_edited:
            self.app.push_screen(discard_dialog(self.editor), self._leave)
        else:
            self.dismiss()

    def _leave(self, answer: str | None) -> None:
        if answer == "discard":
            self.dismiss()
        elif answer == "write":
            PresetActions(self, self.editor).ask_where_to_save()

    def on_unmount(self) -> None:
        self._inspections.cancel()

    def _augmentation_note(self) -> str:
        """Return whose augmentation is used: the card's, or the form's in its place."""
        data = self.editor.document.table.get("data")
        if isinstance(data, dict) and "augment" in data:
            return "In place of the card's. Empty all fields to use the card's again."
        return "Empty: the card's is used."

    def _show_split(self, form: Form) -> None:
        """Show how the present data set is split, and whether fractions count there."""
        report = self._inspections.report
        if report is None or not report.split_method:
            return
        how = "the data set's official one" if report.split_method == "official" else ""
        how = how or f"by {report.split_method}"
        is_used = report.has_fractions
        for name, use in (("fractions", f"Shares of train, val and test; the split is {how}."),
                          ("seed", f"Seed of the split, which is {how}.")):  # fmt: skip
            meaning = use if is_used else f"Not used: the split is {how}."
            form.field("data", name).set_use(meaning, is_used=is_used)

    def _show_hint(self) -> None:
        """Show how a field is explained where meanings are hidden and none has the focus."""
        form = self.query_one(Form)
        is_needed = self.has_class("-narrow") and not form.has_focus_within
        words = "tab goes to a field, which says what it means" if is_needed else ""
        form.caption("Data", Text(words))

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        steps = steps_text(0, colours, is_narrow=self.has_class("-narrow"))
        name = str(self.editor.document.value("", "name") or "")
        self.query_one(TitleBar).show(steps, Text(name, colours.muted))
        form = self.query_one(Form)
        form.show(self.editor.document, colours)
        self._show_split(form)
        self._show_hint()
        form.show_note(AUGMENT, Text(self._augmentation_note(), colours.muted))
        preset = self.editor.document.preset
        report = self.query_one(DatasetReport)
        data = preset.data if preset else None
        margin = preset.evaluate.margin if preset else DEFAULT_MARGIN
        found = self._inspections
        report.show(found.report, found.reading, data, margin, colours)
        report.show_outdated(self.editor.document.problems, colours)
