"""Compare's tabs: their names, their sides, and the line that names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from medtui.analysis.run_record import RunRecord
from medtui.charts.figures.data import ChartedRun
from medtui.charts.palette import Colours
from medtui.tui.compare.model import FinishedRuns

CHANGE, CURVES, SIZE, SUBGROUPS, CALIBRATION = (
    "Change", "Curves", "Size", "Subgroups", "Calibration",
)  # fmt: skip

TABS = (CHANGE, CURVES, SIZE, "Density", "Memory", "Classes", SUBGROUPS, CALIBRATION, "Settings")
"""In the order of their keys, 1 to 9."""

_SHORT = {"Classes": "Class", SUBGROUPS: "Groups", CALIBRATION: "Calib"}
"""Names of tabs where not all fit in full, as at 80 columns."""

OF_CURRENT = frozenset({SUBGROUPS, CALIBRATION})
"""Tabs on the run under the cursor; the others show all marked runs."""

_SIDES = {
    CHANGE: ("changes", "averages"), CURVES: ("val", "test"), SIZE: ("by size", "by latency"),
    "Memory": ("used", "free", "utilisation"), "Classes": ("tables", "chart"),
    CALIBRATION: ("chart", "tables"),
}  # fmt: skip
"""What a tab's sides show, for the key that turns from one to the next."""

Pane = Literal["main", "picture", "curves", "groups"]
"""Where content is shown: in a wide terminal the first tab has others beside it."""


@dataclass(frozen=True)
class TabRequest:
    """What a tab is computed from."""

    tab: str
    runs: tuple[ChartedRun, ...]
    """Marked and shown ones, in order."""
    current: RunRecord | None
    """The run under the cursor."""
    finished: FinishedRuns
    pin: RunRecord | None
    side: int
    """The side that is shown, from 0: free memory and latency are on side 1."""
    width: int
    """Cells across."""
    shown: tuple[RunRecord, ...] = ()
    """All runs of the table, marked or not."""


def next_side(tab: str, side: int) -> int:
    """Return the side of a tab that follows another; 0 where it has no more."""
    return (side + 1) % len(_SIDES.get(tab, ("",)))


def hint_of(tab: str, side: int) -> str:
    """Return the key that shows the tab's next side; empty without one."""
    if tab not in _SIDES:
        return ""
    return f"{TABS.index(tab) + 1} again: {_SIDES[tab][next_side(tab, side)]}"


def label_tabs(current: str, width: int) -> list[str]:
    """Return the labels of all tabs: names, else short names, else the last ones as numbers."""
    labels = [f"{at} {tab}" for at, tab in enumerate(TABS, 1)]
    if _has_room(labels, width, gap=2):
        return labels
    labels = [f"{at} {_SHORT.get(tab, tab)}" for at, tab in enumerate(TABS, 1)]
    for at in reversed(range(len(TABS))):
        if _has_room(labels, width, gap=1):
            break
        if TABS[at] != current:
            labels[at] = str(at + 1)
    return labels


def describe_tabs(current: str, width: int, colours: Colours) -> Text:
    """Return the line of tabs."""
    text = Text(" ")
    for tab, label in _spaced(current, width):
        is_current = tab == current
        text.append(label, f"bold reverse {colours.accent}" if is_current else colours.muted)
    return text


def tab_at(column: int, current: str, width: int) -> str | None:
    """Return the tab that a click on a column of the line means."""
    place = 1
    for tab, label in _spaced(current, width):
        if place <= column < place + len(label):
            return tab
        place += len(label)
    return None


def _spaced(current: str, width: int) -> list[tuple[str, str]]:
    """Return tabs and labels, with a space on both sides, or where that is too wide, behind."""
    labels = label_tabs(current, width)
    if _has_room(labels, width, gap=2):
        labels = [f" {label} " for label in labels]
    else:
        labels = [*(f"{label} " for label in labels[:-1]), labels[-1]]
    return list(zip(TABS, labels, strict=True))


def _has_room(labels: Sequence[str], width: int, *, gap: int) -> bool:
    return 1 + sum(len(label) + gap for label in labels) - (2 - gap) <= width
