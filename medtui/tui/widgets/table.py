"""A table that fits its columns to its width and changes only the cells that changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.text import Text
from textual.binding import Binding
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from medtui.tui.bindings import bind
from medtui.tui.run.sheet import cut_start
from medtui.tui.widgets.panel import Panel

Cells = Mapping[str, Text]
"""A row: column key to its text."""


@dataclass(frozen=True)
class Column:
    """One column."""

    key: str
    label: str
    width: int
    """Width in cells; the minimum where it grows."""
    rank: int = 0
    """Columns with a higher rank are left out first when the table is narrow."""
    justify: Literal["left", "right"] = "left"
    grows: bool = False
    """Whether it takes the remaining width."""
    most: int = 48
    """Maximum width in cells: wider rows are hard to read."""
    keeps_end: bool = False
    """Whether the beginning of what is too long is cut, in place of its end."""


class RecordTable(Panel, DataTable[Text]):
    """Rows by key, one line each, with a cursor over the whole row."""

    DEFAULT_CSS = """
    RecordTable {
        height: 1fr;
        padding: 0 1;
        background: transparent;
        scrollbar-size-vertical: 1;
        & > .datatable--header { background: transparent; color: $text-muted; text-style: none; }
        & > .datatable--cursor { background: $panel; color: $text; text-style: none; }
        &:focus > .datatable--cursor { background: $cursor-row; color: $text; text-style: bold; }
        &:ansi > .datatable--header { background: transparent; color: ansi_bright_black; }
        &:ansi > .datatable--cursor { text-style: bold; }
        &:ansi:focus > .datatable--cursor { background: ansi_blue; color: ansi_bright_white; }
    }
    """

    GAP = 2
    """Cells between columns; an odd one belongs to the column before it."""

    BINDINGS = [
        bind("open", "select_cursor", "Open", "Open the row under the cursor"),
        bind("scroll", "cursor_down", "Down", "Move to the next row", shown=False),
        bind("scroll_back", "cursor_up", "Up", "Move to the previous row", shown=False),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]

    def __init__(self, columns: Sequence[Column], *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(
            id=id,
            cursor_type="row",
            cell_padding=self.GAP // 2,
            cursor_foreground_priority="renderable",
        )
        self._columns = tuple(columns)
        self._fitted: tuple[tuple[Column, int], ...] = ()
        self._cells: dict[str, Cells] = {}

    def on_mount(self) -> None:
        """Where the terminal's own colours are used, a cell's may not be readable on the cursor."""
        self.cursor_foreground_priority = "css" if self.app.current_theme.ansi else "renderable"

    @property
    def selected(self) -> str | None:
        """Key of the row under the cursor; None in an empty table."""
        if not self.row_count:
            return None
        return self.coordinate_to_cell_key(Coordinate(self.cursor_row, 0)).row_key.value

    @property
    def keys(self) -> list[str]:
        """Keys of all rows, in order."""
        return list(self._cells)

    def as_text(self) -> str:
        """Return all rows with all columns, also those without room, separated by tabs."""
        columns = self._columns
        head = "\t".join(column.label.strip() for column in columns)
        rows = (
            "\t".join(self.copied(key, column.key) for column in columns) for key in self._cells
        )
        return "\n".join([head, *rows]) + "\n"

    def width_of(self, column: str, otherwise: int) -> int:
        """Return the width of a column; `otherwise` where there is no room for it."""
        return next((width for each, width in self._fit() if each.key == column), otherwise)

    def copied(self, key: str, column: str) -> str:
        """Return what is copied of a cell."""
        return self._cells[key].get(column, Text()).plain.strip()

    def select(self, key: str) -> None:
        """Move the cursor to a row, if there is one of that key."""
        if key in self._cells:
            self.move_cursor(row=self.get_row_index(key), animate=False)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Replace the columns; the rows follow with the next `show`."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._fitted = ()

    def show(self, rows: Mapping[str, Cells]) -> None:
        """Show exactly these rows, in this order; the cursor stays on its row."""
        if list(rows) != list(self._cells) or not self._fitted:
            self._rebuild(dict(rows))
            return
        for key, cells in rows.items():
            for column, width in self._fitted:
                if cells.get(column.key) != self._cells[key].get(column.key):
                    self.update_cell(key, column.key, _aligned(cells, column, width))
        self._cells = dict(rows)

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        if self._fit() != self._fitted:
            self._rebuild(self._cells)

    @property
    def _width(self) -> int:
        # The scrollbar's column is always kept free, and one before it if cells have no padding.
        return self.content_size.width - 1 - self.GAP % 2

    def _fit(self) -> tuple[tuple[Column, int], ...]:
        return fit_columns(self._columns, self._width, self.GAP)

    def _rebuild(self, rows: dict[str, Cells]) -> None:
        selected, top, column_number = self.selected, self.scroll_y, self.cursor_column
        self._fitted, self._cells = self._fit(), rows
        with self.prevent(DataTable.RowHighlighted, DataTable.CellHighlighted):
            self.clear(columns=True)
            for column, width in self._fitted:
                label = Text(column.label, justify=column.justify)
                self.add_column(label, key=column.key, width=width + self.GAP % 2)
            for key, cells in rows.items():
                self.add_row(*(_aligned(cells, *each) for each in self._fitted), key=key)
        if selected in rows:
            self.select(selected)
            self.move_cursor(column=column_number, animate=False)
            self.scroll_to(y=top, animate=False)


def fit_columns(
    columns: Sequence[Column], width: int, gap: int = 2
) -> tuple[tuple[Column, int], ...]:
    """Choose the columns that fit into `width` cells, each with its width."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width + gap for column in kept) > width:
        kept.remove(max(reversed(kept), key=lambda column: column.rank))
    spare = width - sum(column.width + gap for column in kept)
    growing = max(1, sum(column.grows for column in kept))
    return tuple((column, _grown(column, spare // growing)) for column in kept)


def _grown(column: Column, spare: int) -> int:
    if not column.grows:
        return max(1, column.width)
    return max(1, min(column.width + max(0, spare), max(column.most, column.width)))


def _aligned(cells: Cells, column: Column, width: int) -> Text:
    text = cells.get(column.key, Text()).copy()
    if column.keeps_end and text.cell_len > width:
        text = Text(cut_start(text.plain, width), text.style)
    text.justify, text.no_wrap, text.overflow = column.justify, True, "ellipsis"
    return text
