"""The small panels of Compare: the line of tabs, and the forest of changes."""

import math
from dataclasses import dataclass

from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.tui.bindings import bind
from medtui.tui.compare.forest import AXIS_ROWS, Forest, draw_forest, gap_of, rows_in_view
from medtui.tui.compare.tabs import describe_tabs, tab_at
from medtui.tui.widgets.panel import TextPanel

_LEGEND = "bar: 95 % · m: metric · 1 again: averages"
_WRAPPED = 8
"""Cells of a wrapped line that a word leaves free, at most."""

_DOTS = ("● test ○ val, which chooses · ", "● test ○ val · ")
"""What dots are, in a wide and in a narrow pane."""

_FRAME_AND_GAPS = 6
"""Cells of a frame's lower edge that its caption does not get."""


class TabStrip(Static):
    """Names the tabs; a click on one shows it."""

    DEFAULT_CSS = """
    TabStrip { height: 1; }
    """

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        tab: str

    _current = ""

    def show(self, current: str, width: int, colours: Colours) -> None:
        """Show the tabs' names, as many as fit."""
        self._current = current
        self.update(describe_tabs(current, width, colours))

    def on_click(self, event: Click) -> None:
        """Choose the tab under the mouse."""
        tab = tab_at(event.x, self._current, self.size.width)
        if tab is not None:
            self.post_message(self.Chosen(tab))


class ForestPanel(TextPanel):
    """Dots with intervals; drawn again when its size changes."""

    _title = ""
    _forest: Forest | None = None
    _notes: Text = Text()
    _choice = ""
    _colours: Colours | None = None
    _lit = ""

    def show_forest(
        self, title: str, forest: Forest, notes: Text, choice: str, colours: Colours, lit: str
    ) -> None:
        """Show rows, and what they mean where there is space below; `lit` stands out.

        `choice` says which run is chosen on val; without space it is in the frame.
        """
        self._title, self._choice = title, choice
        self._forest, self._notes, self._colours, self._lit = forest, notes, colours, lit
        self._draw()

    BINDINGS = [
        bind("scroll", "screen.step(1)", "Down", "Go to the next run", shown=False),
        bind("scroll_back", "screen.step(-1)", "Up", "Go to the previous run", shown=False),
    ]

    @dataclass
    class RowChosen(Message):
        """A row was clicked."""

        key: str

    _gap = 1
    _first = 0

    def on_click(self, event: Click) -> None:
        """Choose the run whose dot or name is under the mouse."""
        place = event.get_content_offset(self)
        rows = self._forest.rows if self._forest else ()
        if place is not None and self._first + place.y // self._gap < len(rows):
            self.post_message(self.RowChosen(rows[self._first + place.y // self._gap].key))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def _fitting_notes(self, width: int, rows: int) -> tuple[Text, int]:
        """Return as many lines about the forest as there is room for, and the rows they take."""
        lines, space = list[Text](), 1  # for the blank row above them
        for line in filter(None, [Text(self._choice), *self._notes.split("\n")]):
            is_one = line.cell_len <= width
            more = 1 if is_one else math.ceil(line.cell_len / max(1, width - _WRAPPED))
            if space + more > rows:
                break
            lines.append(line)
            space += more
        return Text("\n").join(lines), space if lines else 0

    def _draw(self) -> None:
        size = self.content_size
        if self._forest is None or self._colours is None or not size:
            return
        needed = len(self._forest.rows) + AXIS_ROWS
        notes, space = self._fitting_notes(size.width, size.height - needed)
        self._gap = gap_of(self._forest, size.height - space)
        self._first, shown = rows_in_view(self._forest, size.height - space, self._lit)
        num_rows = len(self._forest.rows)
        some = f"{self._first + 1}-{self._first + shown} of {num_rows} · "
        some = some if shown < num_rows else ""
        dots = _DOTS if self._forest.has_val and self._gap > 1 else ("",)
        forms = [f"{some}{each}{_LEGEND}" for each in dots]
        if not notes and self._choice:
            forms = [f"{some}{self._choice}"]
        room = self.outer_size.width - _FRAME_AND_GAPS
        below = next((form for form in forms if len(form) <= room), forms[-1])
        self.caption(self._title, Text(below, style=self._colours.muted))
        drawn = draw_forest(
            self._forest, size.width, size.height - space, self._colours, lit=self._lit
        )
        self.show_text(Text.assemble(drawn, "\n\n", notes) if notes else drawn)
