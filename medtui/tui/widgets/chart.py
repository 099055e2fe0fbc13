"""A chart on screen: redrawn only when its plot, its size or its style changed."""

from textual import work
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import get_current_worker

from medtui.charts.plot import Plot
from medtui.charts.style import ChartStyle, legend_of
from medtui.charts.viewport import Viewport, apply_viewport
from medtui.tui.widgets.panel import Panel


class Chart(Panel, Widget):
    """Shows one plot.

    It is drawn in a thread: numpy is loaded for the first, and long lines take milliseconds.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.plot: Plot | None = None
        """What is shown."""
        self.viewport = Viewport()
        """How it is looked at."""
        self._style: ChartStyle | None = None
        self._drawn: tuple[Plot, Size, ChartStyle] | None = None
        self._strips: list[Strip] = []

    @property
    def is_drawn(self) -> bool:
        """Whether something is on screen."""
        return bool(self._strips)

    def show(self, plot: Plot, style: ChartStyle) -> None:
        """Show a plot in place of the one before."""
        self.plot, self._style = plot, style
        self._draw_if_changed()

    def set_viewport(self, viewport: Viewport) -> None:
        """Show another part of the plot, or show it otherwise."""
        self.viewport = viewport
        self._draw_if_changed()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._strips):
            return Strip.blank(width, self.rich_style)
        return self._strips[y].adjust_cell_length(width).apply_style(self.rich_style)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw_if_changed()

    def _draw_if_changed(self) -> None:
        if self.plot is None or self._style is None or not self.size:
            return
        seen = apply_viewport(self.viewport, self.plot)
        self.caption(seen.title, legend_of(seen, self._style))
        wanted = (seen, self.size, self._style)
        if wanted != self._drawn:
            self._drawn = wanted
            self.call_after_refresh(
                self._draw, *wanted
            )  # otherwise both threads compete for the interpreter

    @work(thread=True, exclusive=True, group="drawing", description="draw")
    def _draw(self, plot: Plot, size: Size, style: ChartStyle) -> None:
        from medtui.charts.render_cells import draw  # imports numpy, which start-up does not need

        worker = get_current_worker()
        drawing = draw(plot, size.width, size.height, style)
        strips = [Strip(segments, size.width) for segments in drawing.segments()]
        if not worker.is_cancelled:
            self.app.call_from_thread(self._put, strips)

    def _put(self, strips: list[Strip]) -> None:
        known, self._strips = self._strips, strips
        if len(known) != len(strips):
            self.refresh()
        else:
            changed = [
                Region(0, y, self.size.width, 1)
                for y, (before, now) in enumerate(zip(known, strips, strict=True))
                if before != now
            ]
            if changed:  # without a region, refresh means the whole widget
                self.refresh(*changed)
