"""A question before something that cannot be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


@dataclass(frozen=True)
class Choice:
    """One answer."""

    key: str
    """The letter that gives it."""
    answer: str
    """What the asker gets."""
    label: str
    """What stands on screen."""


class Question(ModalScreen[str]):
    """Asks; the first choice is the default. Escape answers nothing (the empty string)."""

    BINDINGS = [Binding("escape", "answer('')", "Cancel")]

    def __init__(self, sentence: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._sentence = sentence
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        """Lay the question out."""
        with Vertical(id="question"):
            yield Static(self._sentence, markup=False)
            yield OptionList(*(
                Option(Text.assemble((f"{choice.key}  ", "bold"), choice.label), id=choice.answer)
                for choice in self._choices
            ))  # fmt: skip

    def on_key(self, event: Key) -> None:
        """Answer by letter."""
        for choice in self._choices:
            if event.key == choice.key:
                event.stop()
                self.dismiss(choice.answer)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by Enter."""
        self.dismiss(event.option.id or "")

    def action_answer(self, answer: str) -> None:
        """Answer."""
        self.dismiss(answer)
