"""Card: what a folder of images is, chosen from its tables and folders, and written as a card."""

from pathlib import Path

from msgspec.structs import replace
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from medtui.datasets.suggestion.card_file import card_name, publish_card
from medtui.errors import MedtuiError
from medtui.jobs.card_suggestion import CardSuggestion
from medtui.protocol.suggestion import NONE, Choices, Suggestion
from medtui.tui.bindings import bind, bind_fields
from medtui.tui.editor.card_choices import choose, fields_of
from medtui.tui.editor.card_report import QUESTIONS, CardReport
from medtui.tui.editor.choice_field import ChoiceField
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of
from medtui.tui.threads import call_for
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.panel import Panel
from medtui.tui.widgets.title_bar import TitleBar
from medtui.user_folders import expand_home


class CardForm(Panel, Vertical):
    """Fields below each other."""

    DEFAULT_CSS = """
    CardForm {
        & #file-name { height: 1; padding: 0 1; }
        & Static { width: 11; color: $text-muted; }
        & Input { width: 1fr; height: 1; background: $panel; }
        & Input:focus { background: $primary 30%; }
    }
    """


class CardScreen(LayeredScreen[str]):
    """Returns the path of the card that was written; empty where none was."""

    HELP = (
        "A card says which table or folders hold the labels, which column names the images, and "
        "who the patients are. Each value is taken from the files themselves, and the evidence is "
        "shown beside it. Where several values are possible, choose one with the arrow keys. The "
        "card is written only if it opens the images. The command medtui data new does the same."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    AUTO_FOCUS = ""

    BINDINGS = [
        bind("write", "write", "Write card", "Write the card and use it"),
        *bind_fields(),
        bind("choice", "none", "Choice", "Choose another value"),
        bind("page", "page(1)", "More", "Scroll the evidence down"),
        bind("page_back", "page(-1)", "", "Scroll the evidence up"),
        bind("close", "close", "Close", "Leave the field", shown=False),
        bind("back", "back", "Back", "Go back without a card"),
    ]

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self._card_name = card_name(Path(folder))
        self._choices = Choices()
        self._suggestion: Suggestion | None = None
        self._process: CardSuggestion | None = None
        self._key = "table"
        """Field whose evidence is shown."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="body"):
            with CardForm(id="form"):
                for key in QUESTIONS:
                    yield ChoiceField(key)
                with Horizontal(id="file-name"):
                    yield Static("file")
                    yield Input(f"{self._card_name}.card.toml", compact=True)
            yield CardReport(id="report")
        yield KeyBar()

    def on_mount(self) -> None:
        self._show()
        self._begin()

    def on_unmount(self) -> None:
        self._cancel()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def on_choice_field_entered(self, message: ChoiceField.Entered) -> None:
        self._key = message.key
        self._show()

    def on_choice_field_chosen(self, message: ChoiceField.Chosen) -> None:
        """Take a choice and inspect the folder again."""
        if self._suggestion is not None:
            self._choices = choose(self._choices, self._suggestion, message.key, message.value)
            self._begin()

    def on_input_submitted(self) -> None:
        self.set_focus(None)

    def action_page(self, direction: int) -> None:
        """Scroll the evidence."""
        report = self.query_one(CardReport)
        report.scroll_relative(y=direction * (report.size.height - 1))

    def action_none(self) -> None:
        """Do nothing: a field takes these keys."""

    def close_layer(self) -> bool:
        """Leave the field."""
        if self.focused is None:
            return False
        self.set_focus(None)
        return True

    def action_back(self) -> None:
        """Go back without a card."""
        self.dismiss("")

    def action_write(self) -> None:
        """Write the card, and return its path."""
        suggestion = self._suggestion
        if suggestion is None or not suggestion.card:
            reason = suggestion.problem if suggestion else "The folder is being inspected."
            self.notify(reason, severity="warning", markup=False)
            return
        try:
            path = expand_home(
                self.query_one(Input).value.strip() or f"{self._card_name}.card.toml"
            )
            publish_card(path, suggestion.card)
        except MedtuiError as error:
            self.notify(error.message, severity="error", markup=False)
            return
        self.dismiss(str(path.absolute()))

    def _begin(self) -> None:
        self._cancel()
        self._process = CardSuggestion(self._folder, self._card_name, self._choices)
        self._wait_for(self._process)

    def _cancel(self) -> None:
        if self._process is not None:
            self._process.cancel()
            self._process = None

    @work(thread=True, exclusive=True, group="suggest")
    def _wait_for(self, process: CardSuggestion) -> None:
        worker = get_current_worker()
        suggestion = process.wait()
        if not worker.is_cancelled:
            call_for(self, self._take, suggestion)

    def _take(self, suggestion: Suggestion) -> None:
        if self._suggestion is not None and not suggestion.questions:
            # A choice that does not fit: its sentence, beside the candidates that there are.
            known = self._suggestion
            suggestion = replace(known, problem=suggestion.problem, card="", hint=suggestion.hint)
        is_first = self._suggestion is None
        self._suggestion = suggestion
        self._show()
        if is_first and suggestion.open_questions:
            self.query_one(f"#choice-{suggestion.open_questions[0].key}").focus()

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        steps = Text.assemble("New study ▸ 1 Data ▸ ", ("Card", "bold"))
        self.query_one(TitleBar).show(steps, Text(self._folder, colours.muted))
        form = self.query_one(CardForm)
        form.caption("Card", self._count(colours.muted))
        fields = fields_of(self._suggestion, self._choices) if self._suggestion else {}
        for field in self.query(ChoiceField):
            values, chosen, is_open = fields.get(field.key, ([], NONE, False))
            field.show(values, chosen, colours, is_open=is_open)
        self.query_one(CardReport).show(self._suggestion, self._key, colours)

    def _count(self, style: str) -> Text:
        number = self._suggestion.num_images if self._suggestion else 0
        return Text(f"{number:,} images" if number else "", style)
