"""The footer of a screen: as many keys as fit, help and quit always."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_PADDING = 3
"""Cells beside a key and its word."""

_ALWAYS = ("app.help", "app.quit", "help", "quit")


class FittedFooter(Footer):
    """Leaves out keys that would be cut off, the last ones first."""

    _fitted_width = 0

    def compose(self) -> ComposeResult:
        keys = list(super().compose())
        yield from fitting(keys, self.size.width) if self.size else keys

    def on_resize(self, event: Resize) -> None:
        """Fit the keys to the new width."""
        if event.size.width != self._fitted_width:
            self._fitted_width = event.size.width
            self.refresh(recompose=True)


def fitting(keys: Sequence[Widget], width: int) -> list[Widget]:
    """Leave keys out, from the end, until the rest fit."""
    kept = list(keys)
    while sum(map(_width_of, kept)) > width:
        spare = [key for key in kept if isinstance(key, FooterKey) and key.action not in _ALWAYS]
        if not spare:
            break
        kept.remove(spare[-1])
    return kept


def _width_of(key: Widget) -> int:
    if not isinstance(key, FooterKey):
        return 0
    return cell_len(key.key_display) + cell_len(key.description) + _PADDING
