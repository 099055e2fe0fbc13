"""Writes a chart to files: its picture as PNG and SVG, its points as CSV."""

import csv
import io
import os
from pathlib import Path

from rich.console import Console

from medtui.charts.picture import chart_png
from medtui.charts.plot import Plot
from medtui.charts.render_plotext import draw
from medtui.charts.style import ChartStyle, legend_of
from medtui.runs.atomic_file import publish_bytes, publish_text
from medtui.runs.folder import RunFolder, slugify

WIDTH, HEIGHT = 110, 30
"""Cells of an exported chart."""


def export_chart(run: RunFolder, plot: Plot, style: ChartStyle) -> list[Path]:
    """Write `exports/TITLE.png`, `.svg` and `.csv` in the run's folder; give their paths.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = run.exports
    folder.mkdir(exist_ok=True)
    stem = slugify(plot.title)
    paths = [folder / f"{stem}.{kind}" for kind in ("png", "svg", "csv")]
    publish_bytes(paths[0], chart_png(plot))
    publish_text(paths[1], chart_svg(plot, style))
    publish_text(paths[2], chart_csv(plot))
    return paths


def chart_svg(plot: Plot, style: ChartStyle) -> str:
    """Give the chart as it is drawn, with its legend."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(width=WIDTH, file=nowhere, record=True, color_system="truecolor")
        console.print(draw(plot, WIDTH, HEIGHT, style))
        console.print(legend_of(plot, style))
        return console.export_svg(title=plot.title)


def chart_csv(plot: Plot) -> str:
    """Give all points, a row each: series, x, y; a gap has no y."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["series", plot.x_label or "x", "y"])
    for series in plot.series:
        for x, y in series.points:
            writer.writerow([series.label, x, "" if y is None else y])
    return text.getvalue()
