"""The preset as text, to edit."""

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widgets import Static, TextArea
from textual.worker import get_current_worker

from medtui.datasets.location import locate
from medtui.errors import MedtuiError
from medtui.form_hints import for_form
from medtui.preset import DataSettings
from medtui.tui.bindings import bind
from medtui.tui.editor.document import PresetDocument
from medtui.tui.editor.problem_text import problems_text
from medtui.tui.editor.state import EditorState
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of
from medtui.tui.threads import call_for
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.panel import Panel
from medtui.tui.widgets.title_bar import TitleBar

_PAUSE_S = 0.5
"""The images are looked for after this many seconds without a change."""


class ProblemsPanel(Panel, VerticalScroll, can_focus=False):
    """Problems of the text, as it is typed."""

    DEFAULT_CSS = """
    ProblemsPanel { height: 30%; padding: 0 1; scrollbar-size-vertical: 1;
                    & Static { height: auto; } }
    """

    def compose(self) -> ComposeResult:
        yield Static()


class PresetTextScreen(LayeredScreen[None]):
    """Edits the text of a preset; the fields of the other screens show the same."""

    HELP = (
        "This is the preset's text, in TOML. Its problems are listed below, with their lines. "
        "Press Escape to go back with the text as it is; u undoes the edit there."
    )

    DEFAULT_CSS = """
    PresetTextScreen TextArea { height: 1fr; &:focus { border: heavy $primary; } }
    """

    BINDINGS = [
        bind("close", "close", "Done", "Go back with the text as it is"),
    ]

    def __init__(self, editor: EditorState) -> None:
        super().__init__()
        self.editor = editor
        """The edited preset."""
        self._missing = ""
        """Why the images of the text's data set are not there; empty where they are."""
        self._timer: Timer | None = None

    @property
    def has_edited_draft(self) -> bool:
        """Whether quitting would lose changes of the draft."""
        return self.editor.is_edited or self._text != self.editor.document.text

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield TextArea(self.editor.document.text, show_line_numbers=True, tab_behavior="focus")
        yield ProblemsPanel()
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin at the line of the first problem."""
        area = self.query_one(TextArea)
        lines = [problem.line for problem in self.editor.document.problems if problem.line]
        area.move_cursor((min(lines, default=1) - 1, 0))
        area.focus()
        self._show()
        self._look_for_images()

    def on_text_area_changed(self) -> None:
        """Show the text's problems; look for its images after a pause."""
        self._missing = ""
        self._show()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE_S, self._look_for_images)

    def _look_for_images(self) -> None:
        preset = PresetDocument(self._text).preset
        if preset is not None:
            self._locate(preset.data)

    @work(thread=True, exclusive=True, group="locate", description="look for images")
    def _locate(self, settings: DataSettings) -> None:
        worker, missing = get_current_worker(), ""
        try:
            locate(settings)
        except MedtuiError as error:
            missing = for_form(str(error))
        if not worker.is_cancelled:
            call_for(self, self._take_missing, missing)

    def _take_missing(self, missing: str) -> None:
        self._missing = missing
        self._show()

    def action_close(self) -> None:
        """Take the text over, and go back."""
        self.editor.take(PresetDocument(self._text))
        self.dismiss()

    @property
    def _text(self) -> str:
        return self.query_one(TextArea).text

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        document = PresetDocument(self._text)
        name = str(document.value("", "name") or "")
        self.query_one(TitleBar).show(
            Text("New study ▸ preset as text", "bold"), Text(name, colours.muted)
        )
        panel, problems = self.query_one(ProblemsPanel), document.problems
        if problems:
            panel.caption("Problems")
            text = problems_text(problems, colours)
        else:
            images = ", but its images are not there" if self._missing else ""
            panel.caption(f"No problems in the text{images}")
            text = Text(f"⚠ {self._missing}" if self._missing else "", colours.warning)
        panel.query_one(Static).update(text)
