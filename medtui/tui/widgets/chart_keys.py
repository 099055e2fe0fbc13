"""Keys of charts: logarithm, smoothing, zoom, cursor.

A screen with charts adds `CHART_BINDINGS` to its own, and passes their argument on to
`adjust_chart` with the chart that its keys are about.
"""

from dataclasses import replace
from typing import Literal, assert_never

from textual.screen import Screen

from medtui.charts.plot import Plot
from medtui.charts.viewport import ZOOM, Viewport, next_smoothing, step_cursor, zoom
from medtui.tui.bindings import bind
from medtui.tui.widgets.chart import Chart

Adjustment = Literal[
    "log", "smooth", "zoom_in", "zoom_out", "next_point", "previous_point", "reset"
]

CHART_BINDINGS = [
    bind("log", "adjust_chart('log')", "Log y", "Show the y axis on a logarithmic scale",
         shown=False),
    bind("smooth", "adjust_chart('smooth')", "Smooth",
         "Smooth the curves over 3 or 9 points, or not; raw curves stay faint", shown=False),
    bind("zoom", "adjust_chart('zoom_in')", "Zoom in", "Zoom in on the x axis", shown=False),
    bind("zoom_back", "adjust_chart('zoom_out')", "Zoom out", "Zoom out on the x axis",
         shown=False),
    bind("inspect", "adjust_chart('next_point')", "Next point",
         "Show the values of the next point", shown=False),
    bind("inspect_back", "adjust_chart('previous_point')", "Previous point",
         "Show the values of the previous point", shown=False),
    bind("reset", "adjust_chart('reset')", "Reset view", "Show the whole chart again",
         shown=False),
]  # fmt: skip


def adjust_chart(chart: Chart | None, adjustment: Adjustment) -> None:
    """Change how a chart is looked at; without a chart, or before its data, do nothing."""
    if chart is not None and chart.plot is not None:
        chart.set_viewport(adjusted(chart.viewport, chart.plot, adjustment))


def close_view(screen: Screen[None], chart: Chart | None) -> bool:
    """Show the whole chart again, else all panes again; return whether anything was to close."""
    if chart is not None and chart.viewport != Viewport():
        chart.set_viewport(Viewport())
        return True
    if screen.has_class("-full"):
        screen.remove_class("-full")
        return True
    return False


def adjusted(viewport: Viewport, plot: Plot, adjustment: Adjustment) -> Viewport:
    """Return how the plot is looked at after one adjustment."""
    match adjustment:
        case "log":
            is_log = plot.is_log if viewport.is_log is None else viewport.is_log
            return replace(viewport, is_log=not is_log)
        case "smooth":
            return replace(viewport, smoothing=next_smoothing(viewport.smoothing))
        case "zoom_in":
            return zoom(viewport, plot, ZOOM)
        case "zoom_out":
            return zoom(viewport, plot, 1 / ZOOM)
        case "next_point":
            return step_cursor(viewport, plot, 1)
        case "previous_point":
            return step_cursor(viewport, plot, -1)
        case "reset":
            return Viewport()
        case _:
            assert_never(adjustment)
