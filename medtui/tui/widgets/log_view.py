"""The log's lines, newest last; follows its end unless it was scrolled up.

Only visible lines are rendered, so that the cost does not depend on the length of the log.
"""

import textwrap
import time
from collections.abc import Iterator, Sequence

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from medtui.charts.palette import Colours
from medtui.filter_grammar import parse_words
from medtui.runs.log.history import MAX_LINES, Line
from medtui.tui.widgets.panel import Panel

_CLOCK = 9
"""Cells of the time before each line."""


_MAX_ROWS = 2 * MAX_LINES
"""Beyond this number, rows belong to dropped lines: all rows are wrapped again."""


class LogView(Panel, ScrollView, can_focus=False):
    """Wraps only new lines."""

    DEFAULT_CSS = """
    LogView {
        padding: 0 1;
        background: transparent;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        overflow-y: auto;
    }
    """

    def __init__(self, *, id: str, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()
        """The lines to show; a hidden view has no width to wrap them for."""
        self._known: tuple[Line, ...] = ()
        """The lines that are wrapped."""
        self._rows: list[tuple[str, str, str]] = []
        """Clock, text and level of each row, wrapped."""
        self._width = 0
        self._filter = ""
        self._holds = parse_words("")
        self.is_following = True
        """Whether the view scrolls to new lines."""
        self._styles_of: dict[str, Style] = {}
        self._colours: Colours | None = None

    @property
    def num_rows(self) -> int:
        """Rows that pass the filter, wrapped."""
        return len(self._rows)

    @property
    def _text_width(self) -> int:
        """Cells for the text of a row; the scroll bar keeps its place while it is hidden."""
        inner = self.region.shrink(self.styles.gutter).width
        return max(0, inner - self.styles.scrollbar_size_vertical)

    def filter(self, text: str, lines: tuple[Line, ...], colours: Colours) -> None:
        """Show only lines that hold these words; `warning` finds warnings by their level."""
        self._filter = text.lower()
        self._holds = parse_words(text)
        self._known = ()
        self.show(lines, colours)
        self.follow()

    def show(self, lines: tuple[Line, ...], colours: Colours) -> None:
        self._lines = lines
        if colours is not self._colours:
            self._colours = colours
            muted = Style.parse(colours.muted)
            self._styles_of = {"clock": muted, "warning": Style.parse(colours.warning)}
            self.refresh()
        width = self._text_width
        if width > 0 and (lines != self._known or width != self._width):
            self._take(lines, width)
        self._show_caption(colours)

    def follow(self) -> None:
        """Scroll to the end and follow new lines."""
        self.is_following = True
        self.call_after_refresh(self.scroll_end, animate=False)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        if self._colours is not None:
            self.show(self._lines, self._colours)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow new lines only while the end is in view."""
        super().watch_scroll_y(old_value, new_value)
        self.is_following = new_value >= self.max_scroll_y
        if self._colours is not None:
            self._show_caption(self._colours)

    def render_line(self, y: int) -> Strip:
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if number >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        clock, text, level = self._rows[number]
        segments = [Segment(clock, self._styles_of["clock"]),
                    Segment(text, self._styles_of.get(level))]  # fmt: skip
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def _take(self, lines: tuple[Line, ...], width: int) -> None:
        first = new_from(lines, self._known)
        if width != self._width or first == 0 or len(self._rows) > _MAX_ROWS:
            self._rows, first = [], 0
        self._rows += (row for line in lines[first:] for row in self._rows_of(line, width))
        self._known, self._width = lines, width
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()
        if self.is_following:
            self.follow()

    def _rows_of(self, line: Line, width: int) -> Iterator[tuple[str, str, str]]:
        if self._filter and not self._holds(f"{line.level} {line.text}"):
            return
        clock = time.strftime("%H:%M:%S ", time.localtime(line.time))
        width_left = max(10, width - _CLOCK)
        parts = (
            [line.text] if len(line.text) <= width_left else textwrap.wrap(line.text, width_left)
        )
        for part in parts or [""]:
            yield clock, part, line.level
            clock = " " * _CLOCK

    @property
    def title(self) -> str:
        """The pane's title, with the text that the log is filtered by."""
        return f"Log: {self._filter}" if self._filter else "Log"

    def state_text(self, colours: Colours) -> Text:
        """Return whether new lines are followed, for the frame."""
        return Text("" if self.is_following else "paused: press End to follow", colours.muted)

    def _show_caption(self, colours: Colours) -> None:
        if self._choices is None:  # the screen names the pane's choices beside the title
            self.caption(self.title, self.state_text(colours))
        else:
            self.caption(self._above or self.title, self.state_text(colours))


def new_from(lines: Sequence[Line], known: Sequence[Line]) -> int:
    """Return where the lines begin that are not known; 0 where none is known.

    Old lines leave at the front while new ones come at the end.
    """
    if not known:
        return 0
    last = known[-1]
    for index in range(len(lines) - 1, -1, -1):
        if lines[index] is last or lines[index] == last:
            return index + 1
    return 0
