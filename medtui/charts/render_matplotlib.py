"""Draws plots with matplotlib, for files and reports; the only module that imports it.

It is imported when the first figure is drawn: start-up does without it. matplotlib's settings are
global, so drawing is locked: any thread may call.

In a figure for a page, text and grid have two odd colours, which the page replaces by its own, so
that the figure is as readable on a dark page as on a light one.
"""

import io
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from medtui.charts.file_kinds import FileKind
from medtui.charts.palette import PAPER
from medtui.charts.plot import LevelRole, Mark, Plot, Series, letter_of
from medtui.charts.ticks import label_clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID = PAPER.strong, "#d1d2d3"
"""Colours of text and of grid lines."""

WIDTH_INCHES, HEIGHT_INCHES = 7.0, 3.4
"""Two columns of a journal."""

_ROW_INCHES, _EMPTY_INCHES = 0.28, 0.9
"""Height of a row of names, and of a plot without any."""

_MOST_ACROSS = 3
"""Plots beside each other."""

_DOTS_PER_INCH = 300
_DECADE = 10.0

_MARKERS = "os^Dv"
_DASHES: tuple[Any, ...] = ("-", "--", "-.", (0, (1, 1)), (0, (4, 1, 1, 1, 1, 1)))
"""By a series' variant, beside its colour: series of the same colour differ."""

_LEVELS: dict[LevelRole, tuple[str, str]] = {
    "plain": (INK, "--"), "control": (INK, "--"), "reference": (PAPER.muted, ":"),
    "margin": (PAPER.bad, "-."),
}  # fmt: skip
"""Colour and dashes of a level."""

_FEW_POINTS = 40
"""A line of at most so many points has a mark at each."""

_POINTS: dict[Mark, str] = {"measured": "o", "test": "s", "val_only": "o", "none": ""}

_RC: Any = {
    "svg.fonttype": "none",  # text stays text: small files, and it can be searched
    "svg.hashsalt": "medtui",  # the same numbers give the same file
    "text.parse_math": False,  # names of classes may hold a dollar sign
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}

_lock = threading.Lock()


def svg_of(plots: Sequence[Plot]) -> str:
    """Return a figure as SVG for a page, without its XML declaration."""
    text = file_of(plots, "svg").decode()
    return text[text.index("<svg") :]


def file_of(plots: Sequence[Plot], kind: FileKind, *, is_titled: bool = False) -> bytes:
    """Return a figure as a file for print; PNG has 300 dots an inch.

    With `is_titled`, the first plot's title and remark are drawn above the figure.
    """
    with _lock, _figure(plots) as figure:
        paint(plots, figure)
        if is_titled:
            words = [plots[0].title, plots[0].remark]
            figure.suptitle("  ".join(filter(None, words)), fontsize=10)
        buffer = io.BytesIO()
        page: Any = {} if kind == "svg" else {"facecolor": "white"}
        metadata: Any = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        figure.savefig(
            buffer, format=kind, bbox_inches="tight", dpi=_DOTS_PER_INCH, metadata=metadata, **page
        )
    return buffer.getvalue()


@contextmanager
def _figure(plots: Sequence[Plot]) -> "Iterator[Figure]":
    import matplotlib as mpl
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    down = math.ceil(len(plots) / _MOST_ACROSS)
    height = down * max(map(_height_of, plots), default=HEIGHT_INCHES)
    with mpl.rc_context(_RC):
        yield Figure(figsize=(WIDTH_INCHES, height), layout="constrained")


def _height_of(plot: Plot) -> float:
    """Return the inches of a plot: as many as its rows need."""
    return _EMPTY_INCHES + _ROW_INCHES * len(plot.rows) if plot.rows else HEIGHT_INCHES


def paint(plots: Sequence[Plot], figure: "Figure") -> None:
    """Draw plots beside each other; they share their legend, and their rows if they have any."""
    across = min(len(plots), _MOST_ACROSS)
    down = math.ceil(len(plots) / _MOST_ACROSS)
    have_rows = all(plot.rows for plot in plots)
    panels = figure.subplots(down, across, sharey=have_rows, squeeze=False).flatten().tolist()
    for axes, plot in zip(panels, plots, strict=False):
        _paint_plot(plot, axes)
    for axes in panels[len(plots) :]:
        axes.set_axis_off()
    if have_rows:  # shared axes are one axis: turned over once
        panels[0].set_yticks(range(len(plots[0].rows)), plots[0].rows)
        panels[0].set_ylim(len(plots[0].rows) - 0.5, -0.5)
    _put_legend(figure, panels[: len(plots)])


def _paint_plot(plot: Plot, axes: "Axes") -> None:
    for band in plot.bands:
        xs, lows, highs = zip(*band.points, strict=True)
        colour = PAPER.of(band.tint)
        axes.fill_between(xs, lows, highs, color=colour, alpha=0.18, linewidth=0, label=band.label)
    for zone in plot.zones:
        colour = PAPER.off if zone.is_off else PAPER.band
        span = axes.axvspan if plot.rows else axes.axhspan
        span(zone.low, zone.high, color=colour, linewidth=0, label=zone.label)
    for level in plot.levels:
        line = axes.axvline if plot.rows else axes.axhline
        colour, dashes = _LEVELS[level.role]
        line(level.value, color=colour, linewidth=0.8, linestyle=dashes, label=level.label)
    for index, series in enumerate(plot.series):
        _paint_series(plot, index, series, axes)
    _set_axes(plot, axes)
    if not plot.rows:
        _name_far_points(plot, axes)


def _name_far_points(plot: Plot, axes: "Axes") -> None:
    """Write points that lie beyond a fixed end of y at this edge, with their value."""
    low, high = (-math.inf if plot.y_limits[0] is None else plot.y_limits[0],
                 math.inf if plot.y_limits[1] is None else plot.y_limits[1])  # fmt: skip
    for index, series in enumerate(plot.series):
        for x, y in series.points if series.stroke == "dots" else ():
            if y is None or low <= y <= high:
                continue
            tint = index if series.tint is None else series.tint
            said = f"{letter_of(plot, index)} {'▼' if y < low else '▲'} {y:.{series.digits or 1}f}"
            axes.annotate(said, (x, low if y < low else high), color=PAPER.of(tint), fontsize=8,
                          ha="center", va="bottom" if y < low else "top")  # fmt: skip


def _paint_series(plot: Plot, index: int, series: Series, axes: "Axes") -> None:
    tint = index if series.tint is None else series.tint
    colour = INK if series.stroke == "faint" and series.tint is None else PAPER.of(tint)
    if series.label and series.stroke != "faint":
        value = f", {series.value}" if series.value else ""
        label = f"{letter_of(plot, index)} {series.label}{value}"
    else:
        label = series.label
    if series.stroke == "bars":
        _paint_bars(series, colour, axes)
        return
    xs = [x for x, _ in series.points]
    ys = [math.nan if y is None else y for _, y in series.points]
    if series.intervals:
        _paint_intervals(plot, series, colour, axes)
    look: Any
    if series.stroke == "dots":
        look = {
            "marker": _MARKERS[series.variant % len(_MARKERS)], "linestyle": "none",
            "markersize": 8 if series.letter == "★" else 5,
            "markerfacecolor": "none" if series.is_hollow else colour,
        }  # fmt: skip
    else:
        look = {"linestyle": _DASHES[series.variant % len(_DASHES)]}
        if series.stroke == "line" and len(xs) <= _FEW_POINTS:
            look |= {"marker": _POINTS[series.mark], "markersize": 3.5,
                     "fillstyle": "none" if series.mark == "val_only" else "full"}  # fmt: skip
        if series.is_lit:
            look["linewidth"] = 2.4
    if series.stroke == "faint":
        look |= {"linewidth": 0.7, "alpha": 0.4 if series.tint is not None else 0.8, "zorder": 1}
    axes.plot(xs, ys, color=colour, label=label or "_unnamed", **look)
    _star(series, colour, axes)


def _star(series: Series, colour: str, axes: "Axes") -> None:
    """Mark the point whose model is kept."""
    value = None if series.kept is None else series.value_at(series.kept)
    if series.kept is not None and value is not None:
        axes.plot([series.kept], [value], color=colour, marker="*", markersize=11, zorder=3,
                  linestyle="none", label="kept")  # fmt: skip


def _paint_bars(series: Series, colour: str, axes: "Axes") -> None:
    values = [x for x, _ in series.points]
    spreads = [high - value for value, (_, high) in zip(values, series.intervals, strict=True)]
    rows = [row or 0.0 for _, row in series.points]
    axes.barh(rows, values, xerr=spreads, color=colour, alpha=0.6, ecolor=INK)


def _paint_intervals(plot: Plot, series: Series, colour: str, axes: "Axes") -> None:
    look: Any = {"color": colour, "linewidth": 1.0}
    for (x, y), (low, high) in zip(series.points, series.intervals, strict=True):
        if y is None:
            continue
        if plot.rows:
            axes.plot([low, high], [y, y], **look)
        else:
            axes.plot([x, x], [low, high], **look)


def _set_axes(plot: Plot, axes: "Axes") -> None:
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(plot.y_label)
    if plot.are_x_whole:
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if plot.x_names:
        numbers = [at for at in axes.get_xticks() if at < min(x for x, _ in plot.x_names)]
        labels = [*(f"{at:g}" for at in numbers), *(name for _, name in plot.x_names)]
        axes.set_xticks([*numbers, *(x for x, _ in plot.x_names)], labels)
    if plot.is_log and not plot.rows:
        axes.set_yscale("log")
    if plot.is_x_log:
        _make_x_log(axes)
    if plot.is_clock:
        axes.xaxis.set_major_formatter(lambda x, _at: label_clock(x))
    if plot.x_limits != (None, None):
        axes.set_xlim(*plot.x_limits)
    if plot.rows:
        axes.grid(axis="y", visible=False)
        axes.locator_params(axis="x", nbins=5)
    elif plot.y_limits != (None, None):
        axes.set_ylim(*plot.y_limits)
    if plot.cursor is not None:
        axes.axvline(plot.cursor, color=INK, linewidth=0.6, linestyle=":")


def _make_x_log(axes: "Axes") -> None:
    """Make x logarithmic with plain numbers; between decades 2 and 5 where there are few."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    plain = FuncFormatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_formatter(plain if high / low < _DECADE**2 else NullFormatter())
    if _DECADE <= high / low < _DECADE**2:
        axes.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))


def _put_legend(figure: "Figure", panels: "Sequence[Axes]") -> None:
    """Name each series once, beside the axes."""
    named: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        named |= {label: handle for label, handle in zip(labels, handles, strict=True)
                  if label not in named}  # fmt: skip
    if named:
        figure.legend(list(named.values()), list(named), loc="outside right upper")
