"""The title of the terminal's window or tab: how far the live studies are."""

from textual.driver import Driver

from medtui.monitor.snapshot import Snapshot
from medtui.tui.terminal import title_sequence


def count_live(snapshot: Snapshot) -> str:
    """Return how many studies run and how many wait: `1 running, 2 waiting`."""
    return ", ".join(f"{count} {status}" for status, count in snapshot.live_counts.items())


class TerminalTitle:
    """Writes a title when it has changed, and clears it at the end."""

    def __init__(self, *, is_read_only: bool) -> None:
        self._is_read_only = is_read_only
        self._shown = ""

    def show(self, snapshot: Snapshot, driver: Driver | None) -> None:
        """Show the share of the live studies."""
        live = f" {count_live(snapshot)}, {snapshot.share:.0%}" if snapshot.num_live else ""
        title = f"medtui{' (read-only)' if self._is_read_only else ''}{live}"
        if driver is not None and not driver.is_headless and title != self._shown:
            self._shown = title
            driver.write(title_sequence(title))

    def clear(self, driver: Driver | None) -> None:
        """Leave the title to the shell again."""
        if driver is not None and self._shown:
            driver.write(title_sequence(""))
