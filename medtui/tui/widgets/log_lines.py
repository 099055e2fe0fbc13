"""The log's sentences, newest last; follows its end unless one scrolled up."""

import time

from rich.text import Text
from textual.events import Resize
from textual.widgets import RichLog

from medtui.runs.history import MAX_LINES, Line
from medtui.tui.colours import Colours
from medtui.tui.widgets.framed import Framed


class LogLines(Framed, RichLog):
    """Writes only what is new."""

    DEFAULT_CSS = """
    LogLines {
        padding: 0 1;
        background: transparent;
        scrollbar-size-vertical: 1;
        overflow-y: auto;
    }
    """

    def __init__(self, *, id: str, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(max_lines=MAX_LINES, wrap=True, min_width=20, id=id, classes=classes)
        self.can_focus = False
        self._written: tuple[Line, ...] = ()
        self._colours: Colours | None = None
        self._wanted = ""

    def filter(self, wanted: str, lines: tuple[Line, ...], colours: Colours) -> None:
        """Show only lines that hold this text; `warning` finds warnings by their level."""
        self._wanted = wanted.lower()
        self._written = ()
        self.clear()
        self.show(lines, colours)

    def show(self, lines: tuple[Line, ...], colours: Colours) -> None:
        """Bring the log up to date."""
        self.caption(f"Log: {self._wanted}" if self._wanted else "Log")
        if not self.size or (lines == self._written and colours == self._colours):
            return
        known = len(self._written)
        if colours != self._colours or lines[:known] != self._written:
            self.clear()
            known = 0
        for line in lines[known:]:
            if self._wanted and self._wanted not in f"{line.level} {line.text}".lower():
                continue
            self.write(_text_of(line, colours))
        self._written, self._colours = lines, colours

    def on_resize(self, event: Resize) -> None:
        """Wrap anew for the new width."""
        super().on_resize(event)
        lines, colours = self._written, self._colours
        self._written = ()
        self.clear()
        if colours is not None:
            self.show(lines, colours)


def _text_of(line: Line, colours: Colours) -> Text:
    clock = time.strftime("%H:%M:%S ", time.localtime(line.time))
    style = colours.warning if line.level == "warning" else ""
    return Text.assemble((clock, colours.muted), (line.text, style))
