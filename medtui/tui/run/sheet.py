"""Rows of text with places in columns, from which a pane is made."""

from dataclasses import dataclass, field

from medtui.charts.canvas import Canvas
from medtui.charts.palette import Colours
from medtui.control_characters import one_line


@dataclass(frozen=True)
class _Piece:
    column: int
    text: str
    colour: str
    is_bold: bool = False
    back: str | None = None


@dataclass
class Sheet:
    """Rows that are written from the top; text outside the width is cut, with an ellipsis."""

    width: int
    colours: Colours
    is_ascii: bool = False
    _rows: list[list[_Piece]] = field(default_factory=list)

    @property
    def num_rows(self) -> int:
        """Rows so far."""
        return len(self._rows)

    def row(self) -> None:
        """Begin a new row."""
        self._rows.append([])

    def put(
        self, column: int, text: str, colour: str = "", *, is_bold: bool = False,
        back: str | None = None,
    ) -> int:  # fmt: skip
        """Write into the last row; return the column after the text."""
        text = one_line(text)
        self._rows[-1].append(_Piece(column, text, colour or self.colours.text, is_bold, back))
        return column + len(text)

    def put_at(
        self, row: int, column: int, text: str, colour: str, *, is_bold: bool = False,
        back: str | None = None,
    ) -> None:  # fmt: skip
        """Write into a row that has begun, over what is there."""
        self._rows[row].append(_Piece(column, text, colour, is_bold, back))

    def right(self, end: int, text: str, colour: str = "", *, is_bold: bool = False) -> None:
        """Write text that ends before a column."""
        text = one_line(text)
        self.put(end - len(text), text, colour, is_bold=is_bold)

    def line(self, text: str, colour: str = "", *, column: int = 1) -> None:
        """Write a row of its own."""
        self.row()
        self.put(column, text, colour)

    def canvas(self) -> Canvas:
        """Return the rows as cells."""
        canvas = Canvas(self.width, len(self._rows))
        for at, pieces in enumerate(self._rows):
            for piece in pieces:
                text = cut(piece.text, self.width - piece.column)
                canvas.put(piece.column, at, text, piece.colour, is_bold=piece.is_bold,
                           back=piece.back)  # fmt: skip
        return canvas


def gauge(sheet: Sheet, column: int, width: int, share: float, colour: str) -> None:
    """Draw a bar of a share from 0 to 1: heavy where it is full."""
    full = min(width, max(0, round(share * width)))
    sheet.put(column, "━" * full, colour)
    sheet.put(column + full, "─" * (width - full), sheet.colours.faint)


def cut(text: str, room: int) -> str:
    """Return a text in so many cells, with an ellipsis where its end is cut."""
    return text if len(text) <= room else f"{text[: room - 1]}…" if room > 0 else ""


def cut_start(text: str, room: int) -> str:
    """Return the end of a name in so many cells: patients and their pseudonyms differ there."""
    return text if len(text) <= room else f"…{text[len(text) - room + 1 :]}" if room > 1 else ""


def fitting_parts(text: str, room: int) -> str:
    """Return as many parts of a text, separated by dots, as fit: a cut number reads as one."""
    while len(text) > room and " · " in text:
        text = text.rpartition(" · ")[0]
    return text


_SPARKS = "▁▂▃▄▅▆▇█"
_ASCII_SPARKS = ".:-=+*#@"


def sparkline(values: list[float | None], *, is_ascii: bool = False) -> str:
    """Return percentages as bars on a fixed scale of 0 to 100; a gap where none was measured."""
    glyphs = _ASCII_SPARKS if is_ascii else _SPARKS
    return "".join(
        " " if value is None else glyphs[min(7, max(0, int(value / 100 * 7.99)))]
        for value in values
    )
