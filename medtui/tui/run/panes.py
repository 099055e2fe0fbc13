"""The panes below the chart, and what each can show."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from medtui.charts.canvas import Canvas
from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.tui.run.density_heat import density_caption, density_sheet
from medtui.tui.run.machine import machine_caption, machine_sheet
from medtui.tui.run.outcome import (
    files_sheet,
    patients_caption,
    patients_sheet,
    settings_sheet,
    size_sheet,
    worker_sheet,
)

if TYPE_CHECKING:
    from medtui.tui.run.details import Comparison, RunFiles

Content = Literal["density", "patients", "machine", "size", "events", "worker", "settings", "files"]

CHOICES: dict[str, tuple[Content, ...]] = {
    "left": ("density", "patients"),
    "middle": ("machine", "size"),
    "right": ("events", "worker", "settings", "files"),
    "extra": ("settings", "files", "worker"),
}
"""What each pane can show, in the order of its keys."""

_TITLES: dict[Content, str] = {
    "patients": "Patients by loss", "size": "Size and speed", "events": "Log",
    "worker": "Worker", "settings": "Settings", "files": "Files",
}  # fmt: skip


@dataclass(frozen=True)
class PaneText:
    """What a pane shows."""

    title: str
    canvas: Canvas
    below: str = ""
    """In the frame below."""
    is_alarming: bool = False


def usual_content(place: str, view: RunView) -> Content:
    """Return what a pane shows until something else is chosen: what the run's state asks for."""
    is_over = view.result is not None and view.stage != "reference"
    match place:
        case "left":
            return "patients" if is_over else "density"
        case "middle":
            return "size" if view.result is not None else "machine"
        case "right":
            return "files" if view.result is not None else "events"
        case _:
            return "settings"


def pane_text(
    content: Content,
    view: RunView,
    found: "Comparison | None",
    files: "RunFiles | None",
    width: int,
    colours: Colours,
    *,
    is_ascii: bool = False,
    is_sorted: bool = False,
) -> PaneText:
    """Return the title and the rows of a pane; the log of events has a view of its own."""
    match content:
        case "density":
            title, beside, is_dead = density_caption(view)
            sheet = density_sheet(view, width, colours, is_ascii=is_ascii, is_sorted=is_sorted)
            below = "tenths kept · ✗ dead" + (f" · {beside}" if beside else "")
            below = "" if view.stage == "reference" else below
            return PaneText(title, sheet.canvas(), below, is_dead)
        case "patients":
            sheet = patients_sheet(found, width, colours)
            return PaneText(_TITLES[content], sheet.canvas(), patients_caption(found))
        case "machine":
            title, below = machine_caption(view, time.time())
            sheet = machine_sheet(view, width, colours, is_ascii=is_ascii)
            return PaneText(title, sheet.canvas(), below)
        case "size":
            return PaneText(_TITLES[content], size_sheet(view, found, width, colours).canvas())
        case "files":
            return PaneText(_TITLES[content], files_sheet(files, view, width, colours).canvas())
        case "settings":
            return PaneText(_TITLES[content], settings_sheet(files, width, colours).canvas())
        case "worker" | "events":
            return PaneText(_TITLES[content], worker_sheet(files, width, colours).canvas())
