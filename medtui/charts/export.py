"""Writes a chart to files: its picture as PNG and SVG, its points as CSV."""

from collections.abc import Sequence
from pathlib import Path

from medtui.charts.plot import Plot
from medtui.csv_text import csv_text
from medtui.runs.atomic_file import publish_bytes, publish_text
from medtui.runs.folder import RunFolder, slugify


def export_chart(run: RunFolder, plot: Plot) -> list[Path]:
    """Write `exports/TITLE.png`, `.svg` and `.csv` in the run's folder; return their paths.

    Takes seconds when matplotlib is loaded for it; a screen calls it in a thread.

    Raises:
        OSError: the folder cannot be written.
    """
    from medtui.charts.render_matplotlib import file_of

    folder = run.exports
    folder.mkdir(exist_ok=True)
    stem = slugify(plot.title)
    png, svg, points = (folder / f"{stem}.{kind}" for kind in ("png", "svg", "csv"))
    publish_bytes(png, file_of([plot], "png", is_titled=True))
    publish_bytes(svg, file_of([plot], "svg", is_titled=True))
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
            rows.append([series.label, x, _value_text(plot, y), *interval])
    for band in plot.bands:
        rows += [[band.label, x, "", low, high] for x, low, high in band.points]
    return csv_text(rows)


def _value_text(plot: Plot, y: float | None) -> float | str:
    if y is None:
        return ""
    return plot.rows[int(y)] if plot.rows else y
