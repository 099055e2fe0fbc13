"""Base of all full screens: what Escape and `b` do."""

from textual.screen import Screen, ScreenResultType


class LayeredScreen(Screen[ScreenResultType]):
    """Escape closes one layer and never leaves the screen; `b` goes back."""

    NOTHING_TO_CLOSE = "Nothing to close: b goes back."
    """What Escape says where no layer is open."""

    @property
    def has_edited_draft(self) -> bool:
        """Whether quitting would lose changes."""
        return False

    def close_layer(self) -> bool:
        """Close the topmost layer, as a field or a zoom; return whether there was one."""
        return False

    def action_close(self) -> None:
        """Close one layer; where none is open, say which key goes back."""
        if not self.close_layer():
            self.notify(self.NOTHING_TO_CLOSE, timeout=3)

    def action_back(self) -> None:
        """Go back to the screen before."""
        self.dismiss()
