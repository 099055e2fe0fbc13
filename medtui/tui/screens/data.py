"""Data: which images, how large, how divided; and what is found there."""

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer
from textual.worker import get_current_worker

from medtui.shipped import card_names
from medtui.tui.colours import colours_of
from medtui.tui.data_probe import DataLook, DataReport
from medtui.tui.desk import Desk
from medtui.tui.keys import bind
from medtui.tui.widgets.form import Form, FormField
from medtui.tui.widgets.found import Found
from medtui.tui.widgets.title_bar import TitleBar

PAUSE_S = 0.8
"""The data are looked at once nothing was typed for so long, seconds."""

_FIELDS = ("card", "root", "size", "split", "fractions", "seed", "limit", "on_bad_image")


class DataScreen(Screen[None]):
    """First step of a new study."""

    HELP = (
        "A card says what a data set is: its format, classes, patients, size. The root is the "
        "folder or npz file that holds the images; some cards bring their own. What was found is "
        "counted again after every change. No image of a patient is in two parts unless it says so."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    AUTO_FOCUS = ""

    BINDINGS = [
        bind("n", "next", "Next: compress", "Go on to schemes and densities"),
        bind("l", "look", "Look again", "Look at the data again"),
        bind("tab", "app.focus_next", "Field", "Go to the next field"),
        bind("escape", "back", "Back", "Leave the field, or go back"),
    ]

    class Done(Message):
        """The data are chosen."""

        def __init__(self, desk: Desk) -> None:
            super().__init__()
            self.desk = desk
            """With the draft."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        """With the draft."""
        self._look: DataLook | None = None
        self._report: DataReport | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield TitleBar()
        with Horizontal(id="body"):
            fields = [("data", name) for name in _FIELDS]
            yield Form("Data", fields, suggestions={"card": card_names()}, id="form")
            yield Found(id="found")
        yield Footer()

    def on_mount(self) -> None:
        """Look at once."""
        self._show()
        self.action_look()

    def on_screen_resume(self) -> None:
        """The draft may have changed on a later screen."""
        self._show()

    def on_form_field_changed(self, message: FormField.Changed) -> None:
        """Take the value into the draft; look again after a pause."""
        self.desk.set(message.section, message.name, message.value)
        self._show()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE_S, self.action_look)

    def on_input_submitted(self) -> None:
        """Enter goes to the next field."""
        self.focus_next()

    def on_resize(self) -> None:
        """Draw the samples for the new width."""
        self.call_after_refresh(self._show)

    def action_look(self) -> None:
        """Look at the data, if the form says which."""
        preset = self.desk.draft.preset
        if preset is None:
            return
        if self._look is not None:
            self._look.cancel()
        self._report = None
        self._show()
        self._look = DataLook(preset.data)
        self._wait_for(self._look)

    def action_next(self) -> None:
        """Go on to schemes."""
        if self.desk.draft.problems:
            self.notify(self.desk.draft.problems[0].sentence, severity="warning", markup=False)
        else:
            self.post_message(self.Done(self.desk))

    def action_back(self) -> None:
        """Leave the field; from none, leave the screen."""
        if self.focused is not None:
            self.set_focus(None)
        else:
            self.app.pop_screen()

    def on_unmount(self) -> None:
        """Call off a look that is under way."""
        if self._look is not None:
            self._look.cancel()

    @work(thread=True, exclusive=True, group="look")
    def _wait_for(self, look: DataLook) -> None:
        worker = get_current_worker()
        report = look.wait()
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, report)

    def _take(self, report: DataReport) -> None:
        self._report = report
        self._show()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        steps = Text.assemble(
            "New study ▸ ", ("1 Data", "bold"), (" ▸ 2 Compress ▸ 3 Start", colours.muted)
        )
        name = str(self.desk.draft.value("", "name") or "")
        self.query_one(TitleBar).show(steps, Text(name, colours.muted))
        self.query_one(Form).show(self.desk.draft, colours)
        self.query_one(Found).show(self._report, colours)
