"""A chart on screen: redrawn only when its plot, its size or its style changed."""

from rich.console import Console
from rich.text import Text
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
    """Shows one plot. Drawing takes up to a tenth of a second and happens in a thread."""

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
        from medtui.charts.render_plotext import draw  # imports numpy, which start-up does not need

        worker = get_current_worker()
        strips = _strips_of(draw(plot, size.width, size.height, style), size.width)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._put, strips)

    def _put(self, strips: list[Strip]) -> None:
        changed = [
            y
            for y, strip in enumerate(strips)
            if y >= len(self._strips) or strip != self._strips[y]
        ]
        self._strips, known = strips, len(self._strips)
        if known != len(strips):
            self.refresh()
        elif changed:
            self.refresh(Region(0, changed[0], self.size.width, changed[-1] - changed[0] + 1))


def _strips_of(drawing: Text, width: int) -> list[Strip]:
    """Return a drawing as strips; made in a thread, they cost the event loop nothing."""
    console = Console(width=width, color_system="truecolor", legacy_windows=False)
    lines = console.render_lines(drawing, console.options.update(no_wrap=True), pad=False)
    return [Strip(line) for line in lines]
