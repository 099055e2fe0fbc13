"""Looking closer at the chart in the current pane: logarithm, smoothing, zoom, cursor."""

from dataclasses import replace

from textual.screen import Screen

from medtui.charts.viewport import ZOOM, Lens, step_cursor, zoom
from medtui.tui.bindings import bind
from medtui.tui.widgets.chart import Chart


class Looking(Screen[None]):
    """A screen with charts; which one the keys mean is for the screen to say."""

    BINDINGS = [
        bind("y", "log", "Log y", "Draw the pane's y axis logarithmically", shown=False),
        bind("m", "smooth", "Smooth", "Smooth the pane's curves; raw ones stay faint", shown=False),
        bind("plus,equals_sign", "zoom(1)", "Zoom in", "Show less of the pane's x axis",
             shown=False, display="+"),
        bind("minus", "zoom(-1)", "Zoom out", "Show more of the pane's x axis",
             shown=False, display="-"),
        bind("right", "inspect(1)", "Inspect right", "Read out the next point", shown=False),
        bind("left", "inspect(-1)", "Inspect left", "Read out the point before", shown=False),
        bind("0", "reset", "Reset view", "See the pane's chart whole again", shown=False),
    ]  # fmt: skip

    @property
    def chart(self) -> Chart | None:
        """The chart the keys mean; None where there is none."""
        raise NotImplementedError

    def action_log(self) -> None:
        """Switch between linear and logarithmic y."""
        chart = self.chart
        if chart is not None and chart.plot is not None:
            is_log = chart.plot.is_log if chart.lens.is_log is None else chart.lens.is_log
            chart.look(replace(chart.lens, is_log=not is_log))

    def action_smooth(self) -> None:
        """Switch smoothing."""
        chart = self.chart
        if chart is not None:
            chart.look(replace(chart.lens, is_smooth=not chart.lens.is_smooth))

    def action_zoom(self, direction: int) -> None:
        """Show less of x, or more."""
        chart = self.chart
        if chart is not None and chart.plot is not None:
            chart.look(zoom(chart.lens, chart.plot, ZOOM**direction))

    def action_inspect(self, step: int) -> None:
        """Read out the neighbouring point."""
        chart = self.chart
        if chart is not None and chart.plot is not None:
            chart.look(step_cursor(chart.lens, chart.plot, step))

    def action_reset(self) -> None:
        """See the chart whole again."""
        if self.chart is not None:
            self.chart.look(Lens())

    def action_full(self) -> None:
        """Give the current pane the whole screen, or give it back."""
        self.toggle_class("-full")

    def action_back(self) -> None:
        """Leave what one looks closer at, then full screen, then the screen."""
        chart = self.chart
        if chart is not None and chart.lens != Lens():
            chart.look(Lens())
        elif self.has_class("-full"):
            self.remove_class("-full")
        else:
            self.dismiss()
