"""The footer of all screens: the keys that do something now.

Where they do not all fit, the key that goes on, going back, help and quit stay; of the others as
many as fit, in the order in which the pane with the focus and the screen bind them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import RenderResult
from textual.binding import ActiveBinding, Binding
from textual.events import Click
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from medtui.tui.bindings import is_without_key
from medtui.tui.theme import colours_of

MOST = 10
"""Keys that are shown at most, the palette's aside."""

MOST_NARROW = 6
"""The same where less than 80 cells are there."""

_NARROW = 80

_GO_ON = "go"
"""Name of the action that goes on; its key is never left out."""

_ALWAYS = ("back", "help", "quit")
"""Names of the actions whose keys are never left out, and stand at the end."""

_FIELD_KEYS = ("close", "next_pane", "open")
"""Names of the actions that a text field leaves to the screen, beside those of F-keys."""

_PALETTE = "command_palette"

_GAP = 2
_TELLING_S = 6.0
"""How long a message stands in the place of the keys, seconds; the next key ends it earlier."""


@dataclass(frozen=True)
class BarKey:
    """One key of the bar."""

    display: str
    label: str
    key: str
    """What a click on it presses."""
    is_kept: bool = False
    """Whether it is shown however narrow the bar is."""

    @property
    def width(self) -> int:
        """Cells of the key, its word and the gap behind it."""
        return Text(f"{self.display} {self.label}").cell_len + _GAP


_TYPING_KEYS = {
    "back": BarKey("esc", "Leave field", "escape", is_kept=True),
    "help": BarKey("F1", "Help", "f1", is_kept=True),
}
"""What stands in the place of keys that are text in a field; a field may close by itself."""


def fit_keys(keys: Sequence[BarKey], width: int) -> list[BarKey]:
    """Return the keys that fit: those that are always kept, and of the others the first ones."""
    kept = [key for key in keys if key.is_kept]
    # Behind the last key no gap is needed.
    free = width + _GAP - sum(key.width for key in kept)
    most = MOST if width >= _NARROW - 2 else MOST_NARROW
    others: list[BarKey] = []
    for key in keys:
        if key.is_kept:
            continue
        if key.width > free or len(others) + len(kept) >= most:
            break
        free -= key.width
        others.append(key)
    return [key for key in keys if key.is_kept or key in others]


class KeyBar(Widget):
    """One line; a message may stand in its place for a moment."""

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $text;
    }
    """

    ALLOW_SELECT = False

    _line = Text()
    _places: tuple[tuple[int, int, str], ...] = ()
    """First cell, end and key of each key, for clicks."""
    _message = ""
    _timer: Timer | None = None

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.show_keys())

    def tell(self, sentence: str) -> None:
        """Show a sentence in the place of the keys: why a key did nothing."""
        self._message = sentence
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_TELLING_S, self.forget)
        self.show_keys()

    def forget(self) -> None:
        """Show the keys again."""
        if self._message:
            self._message = ""
            self.show_keys()

    def show_keys(self) -> None:
        """Compose the line again; it is drawn again only if it has changed.

        The line is kept here: a screen below another one is not drawn, and would ask for that again
        and again whenever it is idle.
        """
        if not self.is_attached:
            return
        line, places = self._compose_line()
        if line != self._line:
            self._line, self._places = line, places
            self.refresh()

    def render(self) -> RenderResult:
        """Return the line for the present width."""
        self._line, self._places = self._compose_line()
        return self._line

    def on_click(self, event: Click) -> None:
        """Press the key under the pointer."""
        for start, end, key in self._places:
            if start <= event.x - self.styles.padding.left < end:
                self.app.simulate_key(key)

    def _compose_line(self) -> tuple[Text, tuple[tuple[int, int, str], ...]]:
        width = self.content_size.width
        keys = self._keys()
        theme = self.app.current_theme
        colours = colours_of(theme)
        style, warning = ("blue", "yellow") if theme.ansi else (colours.accent, colours.warning)
        line, places = Text(no_wrap=True), []
        if self._message:
            keys = [key for key in keys if key.is_kept]
            free = width - sum(key.width for key in keys)
            line.append(self._message, warning)
            line.truncate(max(0, free - _GAP), overflow="ellipsis")
            line.append(" " * _GAP)
        for key in fit_keys(keys, width):
            places.append((line.cell_len, line.cell_len + key.width, key.key))
            line.append(key.display, f"bold {style}").append(f" {key.label}" + " " * _GAP)
        palette = self._palette
        if palette is not None and not self._message and line.cell_len + palette.width <= width:
            line.append(" " * (width - line.cell_len - palette.width + _GAP))
            places.append((line.cell_len, width, palette.key))
            line.append(palette.display, f"bold {style}").append(f" {palette.label}")
        return line, tuple(places)

    @property
    def _palette(self) -> BarKey | None:
        """The key of the command palette, which stands at the right end."""
        found = self.screen.active_bindings.values()
        return next((self._bar_key(one) for one in found if one.binding.id == _PALETTE), None)

    def _keys(self) -> list[BarKey]:
        is_typing = isinstance(self.screen.focused, Input)
        found: dict[str, BarKey] = {}
        for active in sorted(self.screen.active_bindings.values(), key=self._place):
            name = active.binding.id or active.binding.action
            why_not = getattr(active.node, "why_not", None)
            if why_not is not None and why_not(active.binding.action.partition("(")[0]):
                continue
            is_taken = is_typing and not (active.node is self.screen.focused or name in _FIELD_KEYS)
            if _is_shown(active) and not is_taken:
                found.setdefault(name, self._bar_key(active))
        for name in _ALWAYS:
            key = found.pop(name, None)
            if is_typing:
                key = _TYPING_KEYS.get(name)
            if key is not None and not any(each.key == key.key for each in found.values()):
                found[name] = key
        return list(found.values())

    def _place(self, active: ActiveBinding) -> int:
        """Return what sorts keys: those of the focused pane first, then as the screen has them.

        Textual begins with keys that a screen of its own binds too, such as tab.
        """
        if active.node is not self.screen:
            return -1
        names = [binding.id for binding in self.screen.BINDINGS if isinstance(binding, Binding)]
        name = active.binding.id
        return names.index(name) if name in names else len(names)

    def _bar_key(self, active: ActiveBinding) -> BarKey:
        binding = active.binding
        return BarKey(
            self.app.get_key_display(binding),
            binding.description,
            binding.key,
            is_kept=binding.id == _GO_ON or binding.id in _ALWAYS,
        )


def _is_shown(active: ActiveBinding) -> bool:
    binding = active.binding
    is_usable = active.enabled and not is_without_key(binding.key)
    return binding.show and is_usable and not binding.system
