"""The footer of all screens: the keys that do something now.

Where they do not all fit, the key that goes on, going back, help and quit stay; of the others as
many as fit, in the order in which the pane with the focus and the screen bind them. How many more
there are stands before the key of Help, which lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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

MOST_NARROW, MOST_BROAD = 6, 16
"""The same where less than 80 cells are there, and from 140 on."""

_NARROW, _BROAD = 80, 140
_PADDING = 2
"""Cells of the terminal's width that the bar's keys do not get."""

_GO_ON = "go"
"""Name of the action that goes on; its key is never left out."""

_ALWAYS = ("back", "help", "quit")
"""Names of the actions whose keys are never left out, and stand at the end."""

_HELP = "help"

_BESIDE_MESSAGES = (_HELP, "quit")
"""Names of the actions whose keys stay beside a message."""

_FIELD_KEYS = ("close", "next_pane", "open")
"""Names of the actions that a text field leaves to the screen, beside those of F-keys."""

_PALETTE = "command_palette"

_GAP = 2
_TELLING_S = 6.0
"""How long a message stands in the place of the keys, seconds."""


@dataclass(frozen=True)
class BarKey:
    """One key of the bar."""

    display: str
    label: str
    key: str
    """What a click on it presses."""
    is_kept: bool = False
    """Whether it is shown however narrow the bar is."""
    name: str = ""
    """Name of its action."""
    before: str = ""
    """What stands before it."""

    @property
    def width(self) -> int:
        """Cells of what stands before the key, the key, its word and the gap behind it."""
        return Text(f"{self.before}{self.display} {self.label}").cell_len + _GAP


_TYPING_KEYS = {
    "back": BarKey("esc", "Leave field", "escape", is_kept=True),
    "help": BarKey("F1", "Help", "f1", is_kept=True, name="help"),
}
"""What stands in the place of keys that are text in a field; a field may close by itself."""


def fit_keys(keys: Sequence[BarKey], width: int) -> list[BarKey]:
    """Return the keys that fit: those that are always kept, and of the others the first ones.

    Where others are left out, Help's key says how many.
    """
    fitting = _first_keys(keys, width)
    if len(fitting) == len(keys):
        return fitting
    fitting = _first_keys([_counting(key, 0) for key in keys], width)
    if sum(key.width for key in fitting) > width + _GAP:
        return _first_keys(keys, width)  # hardly any key fits, and no count
    return [_counting(key, len(keys) - len(fitting)) for key in fitting]


def _counting(key: BarKey, count: int) -> BarKey:
    return replace(key, before=f"{count} more: ") if key.name == _HELP else key


def _first_keys(keys: Sequence[BarKey], width: int) -> list[BarKey]:
    kept = [key for key in keys if key.is_kept]
    # Behind the last key no gap is needed.
    free = width + _GAP - sum(key.width for key in kept)
    most = MOST_BROAD if width >= _BROAD - _PADDING else MOST
    most = most if width >= _NARROW - _PADDING else MOST_NARROW
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
    _is_good = False
    """Whether the message says what was done."""
    _is_refusal = False
    """Whether the message says why a key did nothing."""
    _timer: Timer | None = None

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.show_keys())

    def tell(self, sentence: str, *, is_good: bool = False, seconds: float = 0.0) -> None:
        """Show a sentence in the place of the keys.

        Without `seconds`, it says why a key did nothing, until the next key.
        """
        self._message, self._is_good, self._is_refusal = sentence, is_good, not seconds
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds or _TELLING_S, self.forget)
        self.show_keys()

    def has_room(self, sentence: str) -> bool:
        """Return whether a sentence fits beside the keys that stay."""
        kept = sum(key.width for key in self._keys() if key.name in _BESIDE_MESSAGES)
        return Text(sentence).cell_len + _GAP <= self.content_size.width - kept

    def forget_refusal(self) -> None:
        """Show the keys again where the message says why a key did nothing."""
        if self._is_refusal:
            self.forget()

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
        muted = "" if theme.ansi else colours.muted
        line, places = Text(no_wrap=True), []
        if self._message:
            keys = [key for key in keys if key.name in _BESIDE_MESSAGES]
            free = width - sum(key.width for key in keys)
            line.append(self._message, f"bold {style}" if self._is_good else warning)
            line.truncate(max(0, free - _GAP), overflow="ellipsis")
            line.append(" " * _GAP)
        for key in fit_keys(keys, width):
            line.append(key.before, muted)
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
            name=binding.id or "",
        )


def _is_shown(active: ActiveBinding) -> bool:
    binding = active.binding
    is_usable = active.enabled and not is_without_key(binding.key)
    return binding.show and is_usable and not binding.system
