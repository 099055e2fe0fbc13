"""Help for the current screen: what it shows, its keys, and the terms."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

_WORDS = (
    ("reference", "the dense, trained model that every run of a study compresses"),
    ("density", "the share of weights (or filters, neurons, blocks) kept"),
    ("cycle", "one L step (training) and one C step (compression) of Condensa's L-C optimiser"),
    ("w, theta", "the dense weights that are trained, and the compressed weights that are saved"),
    ("mu", "the penalty that pulls w towards theta; it grows with every cycle"),
    ("violation", "the constraint violation, |w - theta| / |w|: the distance of w from theta"),
    ("collapsed layer", "every weight of the layer was pruned; predictions may be at chance level"),
    ("crashed", "the worker exited unexpectedly; resume continues from the last checkpoint"),
    ("silent", "the worker is elsewhere and shows no heartbeat, or the folder is a copy"),
)


class HelpScreen(ModalScreen[None]):
    """Help on top of the screen that it explains."""

    BINDINGS = [
        Binding("escape,q,question_mark,f1", "app.pop_screen", "Close"),
    ]

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(Text(self._about.HELP or ""), markup=False)
            yield Static(_table("\nKeys", self._keys()))
            yield Static(_table("\nTerms", _WORDS))

    def on_mount(self) -> None:
        frame = self.query_one("#help")
        frame.border_title = "Help"
        frame.border_subtitle = "Escape to close"

    def _keys(self) -> list[tuple[str, str]]:
        return [
            (self.app.get_key_display(active.binding), active.binding.tooltip)
            for active in own_bindings(self._about)
        ]


def own_bindings(screen: Screen[object]) -> list[ActiveBinding]:
    """Return the bindings of a screen, without those of Textual's widgets."""
    own: dict[str, ActiveBinding] = {}
    for active in screen.active_bindings.values():
        if active.binding.tooltip and not active.binding.system:
            own.setdefault(active.binding.action, active)
    return list(own.values())


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True, min_width=12)
    table.add_column()
    table.add_row(title, "")
    for key, meaning in rows:
        table.add_row(f"  {key}", meaning)
    return table
