"""A grid of cells with a glyph, a colour and a background each, on which charts are composed.

plotext knows lines, but a cell of it has one colour, nothing can lie behind a line, and a later
marker replaces an earlier one. Here bands lie behind curves, and marks and names before them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style

from medtui.control_characters import escape_controls

if TYPE_CHECKING:
    from medtui.charts.plane import Plane

BLANK = " "


Look = tuple[str, str, bool]
"""Colour and background of a cell, where empty is the terminal's own, and whether it is bold."""

_PLAIN: Look = ("", "", False)


class Canvas:
    """Cells by row and column, from the top left; what falls outside is left out."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(0, width), max(0, height)
        self.plane: Plane | None = None
        """The cells of a chart's curves; None where there are none, or x is logarithmic."""
        self.zoomed = ""
        """Which part of percentages a chart shows; empty where it shows all."""
        self.unnamed: frozenset[str] = frozenset()
        """Labels of the control and the reference that found no place beside their lines."""
        self._glyphs = [[BLANK] * self.width for _ in range(self.height)]
        self._looks = [[_PLAIN] * self.width for _ in range(self.height)]

    def put(
        self,
        column: int,
        row: int,
        text: str,
        fore: str = "",
        *,
        back: str | None = None,
        is_bold: bool = False,
    ) -> None:
        """Write text; without `back`, backgrounds stay as they are.

        A wide character takes two cells, of which the second is empty; one of no width is left
        out, and control characters are escaped.
        """
        if not 0 <= row < self.height:
            return
        at = column
        for glyph in escape_controls(text):
            size = 1 if glyph.isascii() else get_character_cell_size(glyph)
            if size and 0 <= at <= self.width - size:
                self._set(at, row, glyph, (fore, back, is_bold))
                if size > 1:
                    self._set(at + 1, row, "", (fore, back, is_bold))
                    self._glyphs[row][at] = glyph
            at += size

    def _set(self, column: int, row: int, glyph: str, look: tuple[str, str | None, bool]) -> None:
        """Replace one cell; of a wide character that it was half of, the other half is blank."""
        glyphs, looks = self._glyphs[row], self._looks[row]
        if not glyphs[column] and column:
            glyphs[column - 1] = BLANK
        if column + 1 < self.width and not glyphs[column + 1]:
            glyphs[column + 1] = BLANK
        fore, back, is_bold = look
        glyphs[column] = glyph
        looks[column] = (fore, looks[column][1] if back is None else back, is_bold)

    def paste(self, other: "Canvas", column: int, row: int) -> None:
        """Copy another canvas into this one; what does not fit is left out."""
        for at, (glyphs, looks) in enumerate(other.cells()):
            if row + at < self.height:
                cells = max(0, min(other.width, self.width - column))
                self._glyphs[row + at][column : column + cells] = glyphs[:cells]
                self._looks[row + at][column : column + cells] = looks[:cells]

    def cells(self) -> Iterator[tuple[list[str], list[Look]]]:
        """Yield the glyphs and the looks of each row."""
        return zip(self._glyphs, self._looks, strict=True)

    def glyph(self, column: int, row: int) -> str:
        """Return what a cell shows; empty outside."""
        inside = 0 <= row < self.height and 0 <= column < self.width
        return self._glyphs[row][column] if inside else ""

    def segments(self) -> list[list[Segment]]:
        """Return the rows as text with styles, for a widget's strips."""
        return [self._segments_of(row) for row in range(self.height)]

    @property
    def plain(self) -> str:
        """The text alone, without spaces at the ends of lines."""
        return "\n".join("".join(row).rstrip() for row in self._glyphs)

    def _segments_of(self, row: int) -> list[Segment]:
        glyphs, looks = self._glyphs[row], self._looks[row]
        found, first = list[Segment](), 0
        for at in range(1, self.width + 1):
            if at == self.width or looks[at] != looks[first]:
                found.append(Segment("".join(glyphs[first:at]), _style_of(looks[first])))
                first = at
        return found


@lru_cache(maxsize=1024)
def _style_of(look: Look) -> Style:
    fore, back, is_bold = look
    return Style(color=fore or None, bgcolor=back or None, bold=True if is_bold else None)
