"""A framed part of a screen, with a title above and a caption below."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

if TYPE_CHECKING:
    from textual import events

    from medtui.tui.widgets.choice_line import ChoiceLine

_TITLE = 3
"""Cells of the frame before its title."""


@dataclass
class PaneChoice(Message):
    """A choice in a pane's title was clicked."""

    pane: str
    """Identifier of the widget."""
    choice: int
    """From 0."""


class Panel:
    """Remembers the texts of its frame, so that setting the same text again causes no redraw.

    Mixed into a widget; no widget itself, since Textual inherits styles along one line only. The
    frame's look is in `app.tcss`.
    """

    _above: Text | None = None
    _below: Text | None = None
    _choices: "ChoiceLine | None" = None

    def caption(self, above: Text | str, below: Text | None = None) -> None:
        """Set the texts of the frame above and below."""
        title = Text(above) if isinstance(above, str) else above
        if title != self._above:
            self._above = title
            setattr(self, "border_title", Content.from_rich_text(title))  # noqa: B010 - the widget mixed with types it as str, and takes content too
        if below != self._below:
            self._below = below
            setattr(self, "border_subtitle", Content.from_rich_text(below or Text()))  # noqa: B010 - as above

    def caption_choices(self, line: "ChoiceLine", below: Text | None = None) -> None:
        """Set the texts of the frame; what can be chosen in the title can be clicked."""
        self._choices = line
        self.caption(line.text, below)

    def on_click(self, event: "events.Click") -> None:
        """Choose what is named where the title was clicked."""
        if self._choices is None or event.y != 0:
            return
        choice = self._choices.choice_at(int(event.x) - _TITLE)
        if choice is not None:
            event.stop()
            getattr(self, "post_message")(PaneChoice(getattr(self, "id") or "", choice))  # noqa: B009 - of the widget mixed with


class TextPanel(Panel, Static):
    """Framed text."""

    DEFAULT_CSS = """
    TextPanel {
        padding: 0 1;
    }
    """

    _shown: Text | None = None

    def show_text(self, text: Text) -> None:
        """Replace the text if it has changed."""
        if text != self._shown:
            self._shown = text
            self.update(text)
