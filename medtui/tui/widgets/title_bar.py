"""The top line of all screens: where one is and in what state, and the load of the machine."""

from rich.text import Text
from textual.app import RenderResult
from textual.geometry import Region
from textual.widget import Widget

from medtui.telemetry.vitals import Vitals
from medtui.tui.theme import colours_of
from medtui.tui.vitals_text import vitals_text

LEAST_WIDTH, LEAST_HEIGHT = 40, 12
"""Cells of the smallest terminal that shows screens; in a smaller one, this line is all."""

_GAP = 2
_NARROW = 80
"""Below this many cells, the load of the machine gets a third of the line, else half."""


class TitleBar(Widget):
    """One line, full width."""

    DEFAULT_CSS = """
    TitleBar {
        dock: top;
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $text;
    }
    """

    _where = Text()
    _state = Text()
    _vitals = Text()

    def show(self, where: Text, state: Text) -> None:
        """Replace the place and its state if they have changed."""
        if (where, state) != (self._where, self._state):
            self._where, self._state = where, state
            self.refresh()

    def show_vitals(self) -> None:
        """Show the load of the machine as last read; only its own cells are drawn again."""
        text = self._fitted_vitals()
        if text != self._vitals:
            cells = max(text.cell_len, self._vitals.cell_len) + _GAP
            first = self.content_size.width + self.styles.padding.left - cells
            self.refresh(Region(max(0, first), 0, cells, 1))

    def _fitted_vitals(self) -> Text:
        width = self.content_size.width
        least = width // 3 if width < _NARROW else width // 2
        room = max(least, width - self._title.cell_len - _GAP)
        vitals: Vitals | None = getattr(self.app, "vitals", None)
        return vitals_text(vitals, room, colours_of(self.app.current_theme))

    def render(self) -> RenderResult:
        """Return the line: the place is cut where the load of the machine needs the space."""
        if self.screen.has_class("-too-small"):
            has = f"{self.app.size.width}x{self.app.size.height}"
            return Text(f"too small: {has}; needs {LEAST_WIDTH}x{LEAST_HEIGHT}")
        width = self.content_size.width
        title, self._vitals = self._title, self._fitted_vitals()
        free = width - self._vitals.cell_len - _GAP if self._vitals else width
        title.truncate(max(0, free), overflow="ellipsis", pad=True)
        return Text.assemble(title, " " * _GAP, self._vitals) if self._vitals else title

    @property
    def _title(self) -> Text:
        is_read_only = getattr(self.app, "is_read_only", False)
        parts = [self._where, Text("read-only" if is_read_only else "", "bold"), self._state]
        return Text("  ").join(part for part in parts if part)
