"""The top line: where one is on the left, what is going on on the right."""

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget


class TitleBar(Widget):
    """One line, full width."""

    DEFAULT_CSS = """
    TitleBar {
        dock: top;
        height: 1;
        padding: 0 2;
        background: $panel;
        color: $text;
    }
    """

    _left = Text()
    _right = Text()

    def show(self, left: Text, right: Text) -> None:
        """Replace both sides, if they are others."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> RenderResult:
        """Give the left side, then the right one where it fits."""
        width = self.content_size.width
        room = max(0, width - self._right.cell_len - 2)
        left, right = self._left.copy(), self._right.copy()
        if room < min(left.cell_len, 12):
            right, room = Text(), width
        left.truncate(room, overflow="ellipsis", pad=True)
        return Text.assemble(left, "  ", right) if right else left
