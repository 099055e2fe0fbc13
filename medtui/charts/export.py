"""Writes a chart to files: its picture as PNG and SVG, its points as CSV."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from medtui.charts.plot import Plot
from medtui.csv_text import csv_text
from medtui.runs.atomic_file import publish_bytes, publish_text
from medtui.runs.folder import RunFolder
from medtui.runs.slug import slugify

_TITLE_WIDTH = 70
"""Letters of a line of a picture's title."""


def export_chart(run: RunFolder, plot: Plot) -> list[Path]:
    """Write a run's chart as `export_plot` does, in its `exports/`, titled by study and run."""
    return export_plot(run.exports, plot, title=f"{plot.title} · {run.study.name} {run.name}")


def export_plot(folder: Path, plot: Plot, *, title: str) -> list[Path]:
    """Write `TITLE.png`, `.svg` and `.csv` in a folder, named by the plot; return their paths.

    `title` stands above the pictures. Takes seconds when matplotlib is loaded for it; a screen
    calls it in a thread.

    Raises:
        OSError: the folder cannot be written.
    """
    from medtui.charts.render_matplotlib import file_of

    folder.mkdir(exist_ok=True)
    stem = slugify(plot.title)
    png, svg, points = (folder / f"{stem}.{kind}" for kind in ("png", "svg", "csv"))
    titled = replace(plot, title="\n".join(textwrap.wrap(title, _TITLE_WIDTH)))
    publish_bytes(png, file_of([titled], "png", is_titled=True))
    publish_bytes(svg, file_of([titled], "svg", is_titled=True))
    publish_text(points, chart_csv(plot))
    return [png, svg, points]


def chart_csv(plot: Plot) -> str:
    """Return all points, one row each: series, x, y; a gap has no y.

    Error bars and bands add their low and high ends.
    """
    have_ends = bool(plot.bands) or any(series.intervals for series in plot.series)
    ends = ["low", "high"] if have_ends else []
    rows: list[Sequence[object]] = [
        ["series", plot.x_label or "x", "row" if plot.rows else "y", *ends]
    ]
    for series in plot.series:
        for at, (x, y) in enumerate(series.points):
            interval = series.intervals[at] if series.intervals else ("", "") if ends else ()
            at_x = plot.name_of_x(x) or _whole(x)
            rows.append([series.label, at_x, _value_text(plot, y), *interval])
    for band in plot.bands:
        rows += [[band.label, _whole(x), "", low, high] for x, low, high in band.points]
    return csv_text(rows)


def _whole(x: float) -> float:
    """Return a cycle as a whole number, also where a curve goes on between two of them."""
    return int(x) if x == int(x) else x


def _value_text(plot: Plot, y: float | None) -> float | str:
    if y is None:
        return ""
    return plot.rows[int(y)] if plot.rows else y
