"""A dialog that asks for confirmation before an action."""

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

_BACK = frozenset({"b", "backspace"})
"""Keys that are no choice's: they go back everywhere."""


@dataclass(frozen=True)
class Choice:
    """One answer."""

    key: str
    """The key that selects it."""
    answer: str
    """What the dialog returns."""
    label: str
    """The text of the option."""


class ConfirmDialog(ModalScreen[str]):
    """Returns the selected answer; the first is the default, Escape returns the empty string."""

    BINDINGS = [Binding("escape", "answer('')", "Cancel")]

    def __init__(self, sentence: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._sentence = sentence
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as frame:
            frame.border_subtitle = "esc cancels"
            yield Static(self._sentence, markup=False)
            yield OptionList(*(
                Option(Text.assemble((f"[{choice.key}] ", "bold"), choice.label), id=choice.answer)
                for choice in self._choices
            ))  # fmt: skip

    def on_key(self, event: Key) -> None:
        """Choose by a letter; the keys that go back on every screen choose nothing."""
        if event.key in _BACK:
            event.stop()
            self.dismiss("")
            return
        for choice in self._choices:
            if event.key == choice.key:
                event.stop()
                self.dismiss(choice.answer)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id or "")

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)
