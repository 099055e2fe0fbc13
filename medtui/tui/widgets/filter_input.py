"""A line to type a filter into, applied while typing; Enter keeps it, Escape clears it."""

from dataclasses import dataclass

from textual.message import Message
from textual.widgets import Input

from medtui.tui.bindings import bind


class FilterInput(Input):
    """Hidden until it is opened."""

    DEFAULT_CSS = """
    FilterInput {
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

    BINDINGS = [
        bind("open", "submit", "Keep", "Keep the filter"),
        bind("close", "drop", "Clear", "Clear the filter"),
    ]

    @dataclass
    class FilterChanged(Message):
        """Show only what contains this text; everything where it is empty."""

        text: str

    def open(self) -> None:
        """Show the line and focus it."""
        self.display = True
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        event.stop()
        self.post_message(self.FilterChanged(event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and close the line."""
        event.stop()
        self._close()

    def action_drop(self) -> None:
        """Clear the filter and close the line."""
        self.value = ""
        self._close()

    def _close(self) -> None:
        self.display = False
        self.screen.set_focus(None)
        self.post_message(self.FilterChanged(self.value.strip()))
