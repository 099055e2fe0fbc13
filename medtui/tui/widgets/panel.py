"""A framed part of a screen, with a title above and a caption below."""

from rich.text import Text
from textual.content import Content
from textual.widgets import Static


class Panel:
    """Remembers the texts of its frame, so that setting the same text again causes no redraw.

    Mixed into a widget; no widget itself, since Textual inherits styles along one line only. The
    frame's look is in `app.tcss`.
    """

    _above: Text | None = None
    _below: Text | None = None

    def caption(self, above: Text | str, below: Text | None = None) -> None:
        """Set the texts of the frame above and below."""
        title = Text(above) if isinstance(above, str) else above
        if title != self._above:
            self._above = title
            setattr(self, "border_title", Content.from_rich_text(title))  # noqa: B010 - the widget mixed with types it as str, and takes content too
        if below != self._below:
            self._below = below
            setattr(self, "border_subtitle", Content.from_rich_text(below or Text()))  # noqa: B010 - as above


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
