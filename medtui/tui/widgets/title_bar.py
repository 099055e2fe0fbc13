"""The top line: the location on the left, the status on the right."""

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

_LEFT_CELLS, _RIGHT_CELLS = 12, 8
"""Minimum width of each side in cells; a shorter right side is left out."""


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
        """Replace both sides if they have changed."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> RenderResult:
        """Return both sides; in a narrow terminal the right one is cut, or left out."""
        width = self.content_size.width
        left, right = self._left.copy(), self._right.copy()
        right.truncate(max(0, width - min(left.cell_len, _LEFT_CELLS) - 2), overflow="ellipsis")
        if right.cell_len < min(self._right.cell_len, _RIGHT_CELLS):
            right = Text()
        left_width = max(0, width - right.cell_len - 2) if right else width
        left.truncate(left_width, overflow="ellipsis", pad=True)
        return Text.assemble(left, "  ", right) if right else left
