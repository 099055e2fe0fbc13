"""How figures look: one width, quiet axes, Okabe and Ito's palette. The only room for matplotlib.

Ink and grid are drawn in two odd colours; the page turns them into its own text colour, so that a
figure is as readable on a dark page as on a light one.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A9FD4", "#8A8A8A")
"""Source: Okabe and Ito, "Color Universal Design", 2008; readable on light and dark pages."""

INK, GRID = "#111213", "#d1d2d3"
"""Stand for the page's text and for its faint lines."""

WIDTH_INCHES, HEIGHT_INCHES = 7.0, 3.4
"""Two columns of a journal."""

_RC: Any = {
    "svg.fonttype": "none",  # text stays text: small files, and it can be searched
    "svg.hashsalt": "medtui",  # the same numbers give the same file
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

Painter = Callable[[Any], None]
"""Draws on a matplotlib figure."""


def svg_of(paint: Painter, *, height: float = HEIGHT_INCHES) -> str:
    """Give a figure as SVG without its XML declaration."""
    with _figure(height) as figure:
        paint(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def file_of(paint: Painter, kind: str, *, height: float = HEIGHT_INCHES) -> bytes:
    """Give a figure as a file for print: `svg`, `png` at 300 dots an inch, or `pdf`."""
    with _figure(height) as figure:
        paint(figure)
        buffer = io.BytesIO()
        page = {} if kind == "svg" else {"facecolor": "white"}
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        figure.savefig(buffer, format=kind, bbox_inches="tight", dpi=300, metadata=metadata, **page)
    return buffer.getvalue()


@contextmanager
def _figure(height: float) -> Iterator[Any]:
    import matplotlib as mpl
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    with mpl.rc_context(_RC):
        yield Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
