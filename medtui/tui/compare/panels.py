"""The small panels of Compare: the line of tabs, and the forest of changes."""

from dataclasses import dataclass

from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.tui.bindings import bind
from medtui.tui.compare.forest import Forest, draw_forest, gap_of, rows_in_view
from medtui.tui.compare.tabs import describe_tabs, tab_at
from medtui.tui.widgets.panel import TextPanel

_LEGEND = "dot: mean · bar: 95 %, paired · m: metric · 1 again: averages"


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
    _colours: Colours | None = None
    _lit = ""

    def show_forest(
        self, title: str, forest: Forest, notes: Text, colours: Colours, lit: str
    ) -> None:
        """Show rows, and what they mean where there is space below; `lit` stands out."""
        self._title = title
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

    def _draw(self) -> None:
        size = self.content_size
        if self._forest is None or self._colours is None or not size:
            return
        notes = self._notes.copy()
        space = notes.plain.count("\n") + 2 if notes else 0
        needed = len(self._forest.rows) + 2
        if size.height < needed + space:
            notes, space = Text(), 0
        self._gap = gap_of(self._forest, size.height - space)
        self._first, shown = rows_in_view(self._forest, size.height - space, self._lit)
        num_rows = len(self._forest.rows)
        some = f"{self._first + 1}-{self._first + shown} of {num_rows} · "
        below = f"{some if shown < num_rows else ''}{_LEGEND}"
        self.caption(self._title, Text(below, style=self._colours.muted))
        drawn = draw_forest(
            self._forest, size.width, size.height - space, self._colours, lit=self._lit
        )
        self.show_text(Text.assemble(drawn, "\n\n", notes) if notes else drawn)
