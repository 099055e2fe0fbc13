"""A framed pane of rows of cells: only rows that changed are sent to the terminal."""

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from medtui.charts.canvas import Canvas
from medtui.tui.widgets.panel import Panel


class RowsPane(Panel, ScrollView, can_focus=False):
    """Shows a canvas, and scrolls it where it is higher than the pane."""

    DEFAULT_CSS = """
    RowsPane {
        background: transparent;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        overflow-y: auto;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] = []
        self.plain = ""
        """What is shown, as text."""

    @property
    def inner_width(self) -> int:
        """Cells across, of which the scroll bar keeps the last."""
        return max(0, self.region.shrink(self.styles.gutter).width - 1)

    def show_canvas(self, canvas: Canvas) -> None:
        """Show a canvas in place of the one before."""
        strips = [Strip(segments, canvas.width) for segments in canvas.segments()]
        self.plain = canvas.plain
        known, self._strips = self._strips, strips
        size = Size(canvas.width, len(strips))
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
            return
        top, width = self.scroll_offset.y, self.size.width
        changed = [
            Region(0, y - top, width, 1)
            for y, (before, now) in enumerate(zip(known, strips, strict=False))
            if before != now and 0 <= y - top < self.size.height
        ]
        if changed:  # without a region, refresh means the whole widget
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if number >= len(self._strips):
            return Strip.blank(width, self.rich_style)
        return self._strips[number].adjust_cell_length(width).apply_style(self.rich_style)
