"""Tables and texts below each other, scrolled."""

from collections.abc import Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.analysis.table import Table, deal_columns
from medtui.charts.palette import Colours
from medtui.tui.widgets.panel import Panel

_COLLAPSED = "collapsed"
"""A cell that is coloured as a failure, in a row of other runs' densities."""

_GAP = 2

_SIDES = 3
"""Cells beside the content: the padding, and the scrollbar, which may come with the content."""


class TableView(Panel, VerticalScroll):
    """Shows the content of a tab without a chart."""

    DEFAULT_CSS = """
    TableView {
        padding: 0 1;
        scrollbar-size-vertical: 1;
        & Static { height: auto; }
    }
    """

    _parts: Sequence[Table | Text] = ()
    _colours: Colours | None = None

    def compose(self) -> ComposeResult:
        yield Static()

    def show(self, parts: Sequence[Table | Text], colours: Colours) -> None:
        """Replace the content, and scroll to the top."""
        self._parts, self._colours = parts, colours
        self._draw_parts()
        self.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Deal the columns over the new width: a widget that was hidden had none."""
        self._draw_parts()

    def _draw_parts(self) -> None:
        colours = self._colours
        if colours is None or not self.size:
            return
        width = self.size.width - _SIDES
        drawn: list[RenderableType] = []
        for part in self._parts:
            drawn += [part] if isinstance(part, Text) else draw_table(part, width, colours)
            drawn.append("")
        self.query_one(Static).update(Group(*drawn[:-1]))


def draw_table(sheet: Table, width: int, colours: Colours) -> list[RenderableType]:
    """Return title, table and note; a table that is too wide becomes several with the same keys.

    In those a header that other columns share gives way to the full name: what `change` is about
    stands in another block.
    """
    columns = list(zip(*sheet.rows, strict=True)) or [()] * len(sheet.headers)
    widths = [
        max([len(cell) for cell in cells] + [_least_width(text) for text in (header, full)])
        for header, full, cells in zip(sheet.shown, _full_names(sheet), columns, strict=True)
    ]
    blocks = deal_columns(widths, sheet.num_keys, _GAP, width)
    parts: list[RenderableType] = [Text(sheet.title, style=f"bold {colours.strong}")]
    for number, block in enumerate(blocks):
        names = _full_names(sheet) if number else sheet.shown
        parts.append(_block(sheet, names, [(at, widths[at]) for at in block], width, colours))
    return [*parts, *([Text(sheet.note, style=colours.muted)] if sheet.note else [])]


def _least_width(header: str) -> int:
    """Return the cells in which a header takes at most two lines."""
    words = header.split()
    lines = [max(len(" ".join(words[:at])), len(" ".join(words[at:]))) for at in range(len(words))]
    return min(lines, default=0)


def _full_names(sheet: Table) -> list[str]:
    """Return the headers, those that several columns share replaced by their full names."""
    shown = sheet.shown
    return [full if shown.count(header) > 1 else header
            for header, full in zip(shown, sheet.headers, strict=True)]  # fmt: skip


def _block(
    sheet: Table,
    names: Sequence[str],
    columns: Sequence[tuple[int, int]],
    available: int,
    colours: Colours,
) -> RichTable:
    # Where whole headers do not fit they are wrapped: else the last columns would be cut.
    whole = sum(max(width, len(names[at])) + _GAP for at, width in columns) - _GAP
    is_tight = whole > available
    table = RichTable(box=None, padding=(0, _GAP, 0, 0), header_style=colours.muted, pad_edge=False)
    for at, width in columns:
        justify: Literal["left", "right"] = "left" if at < sheet.num_keys else "right"
        table.add_column(
            names[at],
            justify=justify,
            min_width=width,
            max_width=width if is_tight else None,
        )
    for row, cells in enumerate(sheet.rows):
        mark = sheet.mark_of(row)
        style = colours.states["failed"] if mark == "worse" else ""
        style = f"bold {colours.strong}" if mark == "group" else style
        failed = colours.states["failed"]
        shown = (Text(cells[at], failed if cells[at] == _COLLAPSED else "") for at, _ in columns)
        table.add_row(*shown, style=style)
    return table
