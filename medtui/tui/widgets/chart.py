"""A chart on screen: redrawn only when its plot, its size or its style changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, work
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import get_current_worker

from medtui.charts.plot import Plot
from medtui.charts.style import ChartStyle, legend_of
from medtui.charts.viewport import ZOOM, Viewport, apply_viewport, measured_xs, zoom
from medtui.tui.threads import call_for
from medtui.tui.widgets.choice_line import choice_line
from medtui.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from medtui.charts.canvas import Canvas

_FRAME_AND_GAPS = 6
"""Cells of a frame's upper edge that a title does not get."""


class Chart(Panel, Widget):
    """Shows one plot.

    It is drawn in a thread: numpy is loaded for the first, and long lines take milliseconds. A
    click reads the values at its place, and the wheel zooms there.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.plot: Plot | None = None
        """What is shown."""
        self.viewport = Viewport()
        """How it is looked at."""
        self._style: ChartStyle | None = None
        self._names: tuple[str, ...] = ()
        self._current = 0
        self._drawn: tuple[Plot, Size, ChartStyle] | None = None
        self._canvas: Canvas | None = None
        self._strips: list[Strip] = []

    @property
    def is_drawn(self) -> bool:
        """Whether something is on screen."""
        return bool(self._strips)

    def show(
        self, plot: Plot, style: ChartStyle, names: Sequence[str] = (), current: int = 0
    ) -> None:
        """Show a plot in place of the one before; `names` are all that can be chosen here."""
        self.plot, self._style = plot, style
        self._names, self._current = tuple(names), current
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

    def on_click(self, event: events.Click) -> None:
        """Read the values at the nearest measured point."""
        x = self._x_at(event)
        xs = measured_xs(self.plot) if self.plot is not None else []
        if x is not None and xs:
            self.set_viewport(replace(self.viewport, cursor=min(xs, key=lambda at: abs(at - x))))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in at the mouse."""
        self._zoom_at(event, ZOOM)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out at the mouse."""
        self._zoom_at(event, 1 / ZOOM)

    def _zoom_at(self, event: events.MouseEvent, factor: float) -> None:
        x = self._x_at(event)
        if x is None or self.plot is None:
            return
        event.stop()
        placed = zoom(replace(self.viewport, cursor=x), self.plot, factor)
        self.set_viewport(replace(placed, cursor=self.viewport.cursor))

    def _x_at(self, event: events.MouseEvent) -> float | None:
        """Return the x below the mouse; None outside the axes."""
        offset = event.get_content_offset(self)
        canvas = self._canvas
        if offset is None or canvas is None or canvas.plane is None:
            return None
        return canvas.plane.x_at(offset.x)

    def _draw_if_changed(self) -> None:
        if self.plot is None or self._style is None or not self.size:
            return
        seen = apply_viewport(self.viewport, self.plot)
        self._caption(seen, self._style)
        wanted = (seen, self.size, self._style)
        if wanted != self._drawn:
            self._drawn = wanted
            self.call_after_refresh(
                self._draw, *wanted
            )  # otherwise both threads compete for the interpreter

    def legend(self, plot: Plot, style: ChartStyle, room: int) -> Text:
        """Return the legend, in so many cells where that is possible."""
        unnamed = self._canvas.unnamed if self._canvas is not None else ()
        return legend_of(plot, style, unnamed, room)

    def _caption(self, plot: Plot, style: ChartStyle) -> None:
        """Name the chart and the others above; below, the values and what part of y is shown."""
        room = self.outer_size.width - _FRAME_AND_GAPS
        legend = self.legend(plot, style, room)
        if self._canvas is not None and self._canvas.zoomed:
            zoomed = f"  zoom {self._canvas.zoomed}"
            if legend.cell_len + len(zoomed) <= room:
                legend.append(zoomed, style=style.colours.muted)
        is_heavy = self.has_class("current") or self.has_focus
        line = choice_line(
            plot.title,
            self._names,
            self._current,
            room,
            style.colours,
            is_numbered=True,
            rule="━" if is_heavy else "─",
            rule_colour=style.colours.accent if is_heavy else style.colours.frame,
        )
        self.caption_choices(line, legend)

    @work(thread=True, exclusive=True, group="drawing", description="draw")
    def _draw(self, plot: Plot, size: Size, style: ChartStyle) -> None:
        from medtui.charts.render_cells import draw  # imports numpy, which start-up does not need

        worker = get_current_worker()
        canvas = draw(plot, size.width, size.height, style)
        strips = [Strip(segments, size.width) for segments in canvas.segments()]
        if not worker.is_cancelled:
            call_for(self, self._put, canvas, strips)

    def _put(self, canvas: "Canvas", strips: list[Strip]) -> None:
        known, self._strips, self._canvas = self._strips, strips, canvas
        if self._drawn is not None:
            self._caption(self._drawn[0], self._drawn[2])
        if len(known) != len(strips):
            self.refresh()
            return
        changed = [
            Region(0, y, self.size.width, 1)
            for y, (before, now) in enumerate(zip(known, strips, strict=True))
            if before != now
        ]
        if changed:  # without a region, refresh means the whole widget
            self.refresh(*changed)
