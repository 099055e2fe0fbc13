"""Help for a screen: what it shows, its keys, the keys of all screens, words and marks."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import VerticalGroup, VerticalScroll
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static

from medtui.filter_grammar import parse_words
from medtui.tui.bindings import bind, is_without_key
from medtui.tui.key_grammar import CHANGES_RUNS, ROWS, Kind
from medtui.tui.screens.help_words import SIGNS, STATES, WORDS, Row
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.theme import colours_of
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.panel import Panel
from medtui.tui.widgets.title_bar import TitleBar

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("everywhere", "Keys everywhere"),
    ("studies", "Keys for studies and runs"),
    ("charts", "Keys for charts"),
)


_PALETTE = "command_palette"
"""Action that lists those without a key."""

_NUM_MESSAGES = 8
"""Messages that are listed at most."""


class HelpPanel(Panel, Static):
    """Words with their meanings, of which a part can be looked up."""

    DEFAULT_CSS = """
    HelpPanel { height: auto; padding: 0 1; }
    """

    def __init__(self, title: str, rows: Sequence[Row], about: str = "") -> None:
        super().__init__()
        self._title, self._rows, self._about = title, tuple(rows), about

    def on_mount(self) -> None:
        self.caption(self._title)
        self.look_up("")

    def look_up(self, word: str) -> None:
        """Show the lines that hold a word; all of them where it is empty."""
        holds = parse_words(word)
        found = [row for row in self._rows if holds(" ".join(row))]
        colours = colours_of(self.app.current_theme)
        table = Table.grid(padding=(0, 1))
        table.add_column(style=f"bold {colours.accent}", no_wrap=True, min_width=8)
        table.add_column()
        for key, meaning in found:
            table.add_row(key, meaning)
        has_about = bool(self._about) and holds(self._about)
        self.display = bool(found) or has_about
        text = Table.grid()
        text.add_row(Text(self._about, colours.text) if has_about else table)
        self.update(text)


class HelpScreen(LayeredScreen[None]):
    """In place of the screen that it explains, whose own keys come first."""

    HELP = "The keys of the screen that you came from, of all screens, and the words."

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-middle"), (110, "-wide")]

    AUTO_FOCUS = "#help"

    BINDINGS = [
        bind("filter", "filter", "Find a key or word", "Show the lines that hold a word"),
        bind("close", "close", "Close", "Close help"),
        bind("back", "back", "Back", "Close help", shown=False),
        bind("help", "back", "Close", "Close help", shown=False),
    ]

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._about = about
        self._field = _field_help(about.focused)

    def compose(self) -> ComposeResult:
        kinds = {kind: HelpPanel(title, _shared_keys(kind, self._hidden)) for kind, title in _KINDS}
        yield TitleBar()
        with VerticalScroll(id="help"):
            with VerticalGroup(classes="column"):
                if self._field is not None:
                    yield HelpPanel(f"Field {self._field[0]}", (), self._field[1])
                yield HelpPanel("Keys of this screen", self._own_keys())
                yield HelpPanel("This screen", (), self._about.HELP or "")
                if self._latest_messages:
                    yield HelpPanel("Latest messages", self._latest_messages)
            with VerticalGroup(classes="column"):
                yield kinds["everywhere"]
                yield kinds["charts"]
                yield HelpPanel("States", STATES)
            with VerticalGroup(classes="column"):
                yield kinds["studies"]
                yield HelpPanel("Words", WORDS)
                yield HelpPanel("Marks", SIGNS)
        yield FilterInput(placeholder="a key or a word")
        yield KeyBar()

    def on_mount(self) -> None:
        name = type(self._about).__name__.removesuffix("Screen")
        self.query_one(TitleBar).show(Text.assemble("medtui  ", (f"Help: {name}", "bold")), Text())

    def action_filter(self) -> None:
        self.query_one(FilterInput).open()

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        for panel in self.query(HelpPanel):
            panel.look_up(message.text)
        if not self.query_one(FilterInput).display:
            self.query_one("#help").focus()

    def close_layer(self) -> bool:
        """Show all lines again, else close help."""
        line = self.query_one(FilterInput)
        if line.value:
            line.value = ""
        else:
            self.dismiss()
        return True

    @property
    def _hidden(self) -> frozenset[str]:
        """Names of the actions that the application does not have."""
        return CHANGES_RUNS if getattr(self.app, "is_read_only", False) else frozenset()

    @property
    def _latest_messages(self) -> list[Row]:
        """What the application said last, the newest first."""
        latest = getattr(getattr(self.app, "notices", None), "latest", ())
        return [("·", message) for message in reversed(latest)][:_NUM_MESSAGES]

    def _own_keys(self) -> list[Row]:
        """Return the keys of the screen that is explained.

        Those that can do nothing now follow; the first with a reason states it. Actions without a
        key stand with the key of the palette, which has them.
        """
        rows: dict[str, list[Row]] = {"": []}
        own = own_bindings(self._about)
        keyless = [each.binding.tooltip for each in own if is_without_key(each.binding.key)]
        for active in own:
            binding = active.binding
            if is_without_key(binding.key):
                continue
            meaning = binding.tooltip
            if binding.action.endswith(_PALETTE):
                meaning = "; also: ".join([meaning, *map(_lowered, keyless)])
            why_not = getattr(active.node, "why_not", lambda _action: "")
            reason = why_not(binding.action.partition("(")[0])
            those = rows.setdefault(reason, [])
            if reason:
                why = "" if those else f": {_inserted(reason)}"
                meaning += f" (not now{why})"
            those.append((self.app.get_key_display(binding), meaning))
        return [row for those in rows.values() for row in those]


def _inserted(sentence: str) -> str:
    """Return a sentence as it stands in brackets; the name of a study stays as it is."""
    said = sentence.rstrip(".")
    return _lowered(said) if said.startswith(("There ", "Nothing ")) else said


def _lowered(sentence: str) -> str:
    """Return a sentence as it stands within another one."""
    return f"{sentence[:1].lower()}{sentence[1:]}"


def own_bindings(screen: Screen[object]) -> list[ActiveBinding]:
    """Return the bindings of a screen, without those of Textual's widgets.

    Letters that a text field takes are among them: they are the screen's keys all the same.
    """
    own: dict[str, ActiveBinding] = {}
    for active in _bindings_of(screen):
        if active.binding.tooltip and not active.binding.system:
            own.setdefault(active.binding.action, active)
    return list(own.values())


def _bindings_of(screen: Screen[object]) -> list[ActiveBinding]:
    focused = screen.focused
    if not isinstance(focused, Input):
        return list(screen.active_bindings.values())
    screen.set_reactive(Screen.focused, None)  # a field with the focus hides the screen's letters
    try:
        return list(screen.active_bindings.values())
    finally:
        screen.set_reactive(Screen.focused, focused)


def _field_help(focused: DOMNode | None) -> Row | None:
    """Return name and meaning of the field that has the focus; None where none has."""
    for node in focused.ancestors_with_self if focused is not None else ():
        explain = getattr(node, "help_text", None)
        if explain is not None:
            name, meaning = explain()
            return str(name), str(meaning)
    return None


def _shared_keys(kind: Kind, hidden: Iterable[str]) -> list[Row]:
    """Return the lines of one kind of keys, but those whose actions are all hidden."""
    gone = set(hidden)
    return [(row.display, row.meaning) for row in ROWS if row.kind == kind and set(row.keys) - gone]
