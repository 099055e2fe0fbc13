"""A line that filters what is above it, live; Enter keeps the filter, Escape drops it."""

from textual.message import Message
from textual.widgets import Input


class SearchLine(Input):
    """Hidden until it is asked for."""

    DEFAULT_CSS = """
    SearchLine {
        dock: bottom;
        display: none;
        height: 1;
        margin-bottom: 1;
        border: none;
        padding: 0 2;
        background: $panel;

        /* Input:focus would put its border back, and one row would be all border. */
        &:focus { border: none; }
    }
    """

    BINDINGS = [("escape", "drop", "Drop")]

    class Wanted(Message):
        """Show only what holds this text; all where it is empty."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def open(self) -> None:
        """Show the line and take the keys."""
        self.display = True
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        event.stop()
        self.post_message(self.Wanted(event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and give the keys back."""
        event.stop()
        self._close()

    def action_drop(self) -> None:
        """Drop the filter and give the keys back."""
        self.value = ""
        self._close()

    def _close(self) -> None:
        self.display = False
        self.screen.set_focus(None)
        self.post_message(self.Wanted(self.value.strip()))
