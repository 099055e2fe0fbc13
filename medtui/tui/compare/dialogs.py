"""Compare's dialogs: columns by a checklist, order by a list."""

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from medtui.analysis.column import Column
from medtui.tui.compare.headings import ASCENDING, DESCENDING

_UNSORTED = "-"
"""The option that restores the order of the study; no column is called so."""


class _ListDialog(ModalScreen[str | None]):
    """A list in a frame; Escape changes nothing."""

    DEFAULT_CSS = """
    _ListDialog {
        & > Vertical {
            width: 64;
            max-width: 94%;
            height: auto;
            max-height: 90%;
            padding: 0 1;
            border: round $primary;
            border-subtitle-color: $text-muted;
            background: $surface;
        }
        & OptionList {
            height: auto;
            max-height: 70vh;
            border: none;
            background: transparent;
            padding: 0;
            scrollbar-size-vertical: 1;
            &:focus { border: none; }
        }
    }
    """

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]


class ColumnDialog(_ListDialog):
    """Returns the names of the chosen columns, separated by commas; empty is the default."""

    BINDINGS = [
        Binding("space", "check", "Check", priority=True),
        Binding("enter", "accept", "Use", priority=True),
        Binding("d", "default", "Default"),
    ]

    def __init__(self, columns: Sequence[Column], chosen: Sequence[Column]) -> None:
        super().__init__()
        order = {column.name: at for at, column in enumerate(chosen)}
        others = [column for column in columns if column.name != "run"]
        self._columns = sorted(others, key=lambda each: order.get(each.name, len(order)))
        self._checked = set(order)

    def compose(self) -> ComposeResult:
        with Vertical() as frame:
            frame.border_title = "Columns"
            frame.border_subtitle = "space checks · ⏎ shows them · d default ones · esc cancels"
            yield OptionList(*(
                Option(self._words(column), id=column.name) for column in self._columns
            ))  # fmt: skip

    def action_check(self) -> None:
        """Check or uncheck the column under the cursor."""
        choices = self.query_one(OptionList)
        if choices.highlighted is None:
            return
        column = self._columns[choices.highlighted]
        self._checked ^= {column.name}
        choices.replace_option_prompt_at_index(choices.highlighted, self._words(column))

    def action_accept(self) -> None:
        """Return the checked columns, in the order in which they are listed."""
        names = [column.name for column in self._columns if column.name in self._checked]
        self.dismiss(",".join(names) or "run")

    def action_default(self) -> None:
        """Return to the default columns."""
        self.dismiss("")

    def _words(self, column: Column) -> Text:
        """Return the check, the name for filters and files, and the label."""
        check = "■" if column.name in self._checked else "□"
        return Text.assemble(f"{check} {column.name:<24} ", (column.label, "dim"))


class OrderDialog(_ListDialog):
    """Returns the column to order by; empty restores the order of the study."""

    def __init__(self, columns: Sequence[tuple[Column, str]], sort: str) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._sort = sort

    def compose(self) -> ComposeResult:
        with Vertical() as frame:
            frame.border_title = "Order; references and controls stay on top"
            frame.border_subtitle = "⏎ orders by it, again reverses · esc cancels"
            yield OptionList(
                Option("as the study planned them", id=_UNSORTED),
                *(Option(self._words(column, label), id=column.name)
                  for column, label in self._columns),
            )  # fmt: skip

    def on_mount(self) -> None:
        """Begin on the present order."""
        names = [_UNSORTED, *(column.name for column, _ in self._columns)]
        current = self._sort.removeprefix("-") or _UNSORTED
        self.query_one(OptionList).highlighted = names.index(current) if current in names else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return the chosen column."""
        self.dismiss("" if event.option.id == _UNSORTED else event.option.id)

    def _words(self, column: Column, label: str) -> str:
        if column.name != self._sort.removeprefix("-"):
            return label
        return f"{label} {DESCENDING if self._sort.startswith('-') else ASCENDING}"
