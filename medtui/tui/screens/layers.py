"""Base of all full screens: what Escape and `b` do, and keys that cannot act now."""

from textual.screen import Screen, ScreenResultType

from medtui.tui.key_grammar import CHANGES_RUNS
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.title_bar import LEAST_HEIGHT, LEAST_WIDTH


class LayeredScreen(Screen[ScreenResultType]):
    """Escape closes one layer and never leaves the screen; `b` goes back."""

    NOTHING_TO_CLOSE = "Nothing to close: b goes back."
    """What Escape says where no layer is open."""

    def on_mount(self) -> None:
        """Choose the layout for the terminal's size before anything is drawn.

        Textual does so at the first resize, after a frame in the layout of no size.
        """
        width, height = self.app.size
        for length, breakpoints in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(*self._get_breakpoint_classes(length, breakpoints or []))

    def on_resize(self) -> None:
        """Show nothing but the size that is needed where the terminal is too small."""
        size = self.app.size
        self.set_class(size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT, "-too-small")

    @property
    def has_edited_draft(self) -> bool:
        """Whether quitting would lose changes."""
        return False

    def why_not(self, action: str) -> str:  # noqa: ARG002 - for screens to answer
        """Return why an action can do nothing now, as a sentence; empty where it can.

        Such a key is not in the footer; pressed all the same, the footer shows the sentence.
        """
        return ""

    def tell(self, sentence: str) -> None:
        """Show why a key did nothing: in the footer where it fits, else as a notice."""
        for bar in self.query(KeyBar):
            if bar.has_room(sentence):
                bar.tell(sentence)
                return
        self.notify(sentence, severity="warning", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take the actions that change a runs folder away from a read-only application."""
        if getattr(self.app, "is_read_only", False) and action in self._changing_actions:
            return False
        return super().check_action(action, parameters)

    def on_idle(self) -> None:
        """Show in the footer what can be done after whatever has just happened."""
        for bar in self.query(KeyBar):
            bar.show_keys()

    def close_layer(self) -> bool:
        """Close the topmost layer, as a field or a zoom; return whether there was one."""
        return False

    def action_close(self) -> None:
        """Close one layer; where none is open, say which key goes back."""
        if not self.close_layer():
            self.tell(self.NOTHING_TO_CLOSE)

    def action_back(self) -> None:
        """Go back to the screen before."""
        self.dismiss()

    @property
    def _changing_actions(self) -> set[str]:
        bindings = (each for _, each in self._bindings)
        return {each.action.partition("(")[0] for each in bindings if each.id in CHANGES_RUNS}
