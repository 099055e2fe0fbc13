"""Compare's filter line: Escape restores the filter that it was opened for, Down named ones."""

from textual.binding import Binding

from medtui.tui.compare.named_filters import read_filters
from medtui.tui.widgets.filter_input import FilterInput


class CompareFilter(FilterInput):
    """A filter that never loses the study that Compare was opened for."""

    BINDINGS = [
        Binding("escape", "drop", "Keep the study only"),
        Binding("down", "recall(1)", "Named filters"),
        Binding("up", "recall(-1)", "Previous", show=False),
    ]

    def __init__(self, kept: str) -> None:
        super().__init__(kept, placeholder="scheme=Prune density<0.5 OR has:latency NOT acc<90% …")
        self._kept = kept
        self._at = -1

    def action_drop(self) -> None:
        """Restore the filter that Compare was opened with, and close the line."""
        self.value = self._kept
        self._close()

    def action_recall(self, step: int) -> None:
        """Show the next or the previous named filter; without any, change nothing."""
        found = list(read_filters().values())
        if not found:
            return
        self._at = (self._at + step) % len(found)
        self.value = found[self._at]
        self.cursor_position = len(self.value)
