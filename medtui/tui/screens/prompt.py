"""A dialog that asks for a line of text."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class Prompt(ModalScreen[str | None]):
    """Returns the line, or None when it was cancelled."""

    BINDINGS = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, sentence: str, value: str = "", *, placeholder: str = "") -> None:
        super().__init__()
        self._sentence = sentence
        self._value = value
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as frame:
            frame.border_subtitle = "⏎ accepts · esc cancels"
            yield Static(self._sentence, markup=False)
            yield Input(self._value, placeholder=self._placeholder)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        self.dismiss(None)
