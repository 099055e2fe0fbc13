"""Messages of the application: in the footer where they fit, else as notices above it."""

from collections import deque

from textual.notifications import SeverityLevel
from textual.screen import Screen

from medtui.tui.widgets.key_bar import KeyBar

_NUM_LATEST = 30
"""Messages that Help lists."""


class Notices:
    """Keeps the latest messages, and shows those that cover nothing."""

    def __init__(self) -> None:
        self.latest = deque[str](maxlen=_NUM_LATEST)
        """What was said, the latest last."""

    def take(
        self, screen: Screen[object], message: str, severity: SeverityLevel, seconds: float
    ) -> bool:
        """Keep a message; return whether the screen's footer shows it.

        An error, and what is too long for the space beside the keys that stay, needs a notice.
        """
        self.latest.append(message)
        for bar in screen.query(KeyBar):
            if severity != "error" and bar.has_room(message):
                bar.tell(message, is_good=severity == "information", seconds=seconds)
                return True
        return False
