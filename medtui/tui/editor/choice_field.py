"""A field whose value is one of several candidates, chosen with the arrow keys."""

from dataclasses import dataclass

from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget

from medtui.charts.palette import Colours
from medtui.control_characters import one_line
from medtui.tui.editor.turning import turned

_NAME_CELLS = 10
"""Width of the field's name."""

OPEN = "choose"
"""Shown where a choice is open."""


class ChoiceField(Widget, can_focus=True):
    """One line: name, value between arrows, number of candidates."""

    DEFAULT_CSS = """
    ChoiceField {
        height: 1;
        padding: 0 1;
        &:focus { background: $primary 30%; }
    }
    """

    BINDINGS = [
        Binding("right,space", "turn(1)", "Next choice"),
        Binding("left", "turn(-1)", "Previous choice"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """Another candidate was chosen."""

        key: str
        value: str

    @dataclass
    class Entered(Message):
        """The field got the focus."""

        key: str

    def __init__(self, key: str) -> None:
        super().__init__(id=f"choice-{key}")
        self.key = key
        """What is chosen."""
        self._values: list[str] = []
        self._chosen = ""
        self._is_open = False
        self._colours: Colours | None = None

    def show(
        self, values: list[str], chosen: str, colours: Colours, *, is_open: bool = False
    ) -> None:
        """Show a value out of several; an open choice is marked."""
        self._values, self._chosen, self._is_open = values, chosen, is_open
        self._colours = colours
        self.display = bool(values)
        self.refresh()

    def render(self) -> Text:
        """Return the line."""
        assert self._colours is not None
        name = Text(f"{self.key:<{_NAME_CELLS}}", self._colours.muted)
        style = self._colours.warning if self._is_open else self._colours.accent
        value = f"‹ {one_line(self._chosen) or OPEN} ›"
        line = Text.assemble(name, " ", (value, style))
        if len(self._values) > 1:
            line.append(f"  {len(self._values)} choices", self._colours.muted)
        line.truncate(max(1, self.content_size.width), overflow="ellipsis")
        return line

    def on_focus(self) -> None:
        self.post_message(self.Entered(self.key))

    def action_turn(self, step: int) -> None:
        """Choose the next or the previous candidate; the first where the choice is open."""
        value = turned(self._values, self._chosen, step) if self._values else self._chosen
        if value != self._chosen:
            self.post_message(self.Chosen(self.key, value))
