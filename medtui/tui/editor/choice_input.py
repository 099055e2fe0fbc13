"""A field of a form that holds one of several words: arrow keys change it, Enter lists them."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Click
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from medtui.tui.editor.turning import turned

NOT_SET = "not set"
"""Shown for the empty word."""


class ChoiceInput(Widget, can_focus=True):
    """One of several words."""

    DEFAULT_CSS = """
    ChoiceInput { width: 22; height: 1; background: $panel; margin-right: 1; }
    ChoiceInput:focus { background: $primary 30%; }
    """

    BINDINGS = [
        Binding("right,space", "turn(1)", "Next choice", key_display="←→"),
        Binding("left", "turn(-1)", "Previous choice", show=False),
        Binding("enter", "list", "List", tooltip="Choose from a list"),
    ]

    @dataclass
    class Changed(Message):
        """Another word was chosen."""

        value: str

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.words = tuple(words)
        """What can be chosen."""
        self._value = ""

    @property
    def value(self) -> str:
        """The word shown; a preset's file may hold one that is not among the choices."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.refresh()

    def render(self) -> Text:
        """Return the word between arrows."""
        return Text(f"‹ {self._value or NOT_SET} ›", no_wrap=True, overflow="ellipsis")

    def on_click(self, event: Click) -> None:
        """Turn to the next word; a click on the left arrow, to the previous one."""
        self.action_turn(-1 if event.x <= 1 else 1)

    def action_turn(self, step: int) -> None:
        """Choose the next or the previous word, around the ends."""
        self._choose(turned(self.words, self._value, step))

    def action_list(self) -> None:
        """Choose from a list."""
        self.app.push_screen(ChoiceList(self.words, self._value), self._choose)

    def _choose(self, value: str | None) -> None:
        if value is not None and value != self._value:
            self.value = value
            self.post_message(self.Changed(value))


class ChoiceList(ModalScreen[str | None]):
    """Returns one of several words, or None when it was cancelled."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, words: Sequence[str], value: str) -> None:
        super().__init__()
        self._words = tuple(words)
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm"):
            yield Static(f"{len(self._words)} choices · Enter selects · Escape cancels")
            yield OptionList(*(Option(Text(word or NOT_SET)) for word in self._words))

    def on_mount(self) -> None:
        if self._value in self._words:
            self.query_one(OptionList).highlighted = self._words.index(self._value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._words[event.option_index])
