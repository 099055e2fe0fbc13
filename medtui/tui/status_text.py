"""A run's status and progress as text: mark, word and colour together."""

import time

from rich.cells import cell_len
from rich.text import Text

from medtui.charts.palette import MARKS, Colours
from medtui.monitor.progress import Progress
from medtui.runs.status import Status
from medtui.units import format_count, format_estimate

_BEFORE_RUN = " ▸ "
"""Between the name of a study and that of its run."""

_LEAST_STUDY = 5
"""Cells of a shortened name at least."""


def state_text(status: Status, colours: Colours, word: str | None = None) -> Text:
    """Return `● running`."""
    return Text(f"{MARKS[status]} {word or status}", style=colours.states[status])


def study_text(study: str, most: int | None, colours: Colours) -> Text:
    """Return `demo ▸ `, shortened to `most` cells; empty where few letters would be left."""
    text = Text(study, colours.muted)
    if most is not None:
        room = most - cell_len(_BEFORE_RUN)
        if room < min(_LEAST_STUDY, text.cell_len):
            return Text()
        text.truncate(room, overflow="ellipsis")
    return Text.assemble(text, _BEFORE_RUN)


def as_of(moment: float | None, now: float) -> str:
    """Return when figures were current that nobody refreshes any more: `as of 14:02`."""
    if moment is None:
        return ""
    then, today = time.localtime(moment), time.localtime(now)
    is_today = then[:3] == today[:3]
    return time.strftime("as of %H:%M" if is_today else "as of %d %b %H:%M", then)


def place_of(progress: Progress) -> str:
    """Return how far a stage is: `cycle 31/45`, `data`, ``."""
    if not progress.stage:
        return ""
    if not progress.cycles:
        return progress.stage
    word = {"compress": "cycle", "reference": "epoch"}.get(progress.stage, progress.stage)
    return f"{word} {progress.cycle}/{progress.cycles}"


def speed_of(progress: Progress) -> str:
    """Return how fast training is; empty where nothing was measured."""
    speed = progress.images_per_second
    return "" if speed is None else f"{format_count(speed)} images/s"


def left_of(seconds: float | None) -> str:
    """Return the time left, as a phrase; empty where it is not known."""
    return "" if seconds is None else f"{format_estimate(seconds)} left"


def age_of(started_at: float, now: float) -> str:
    """Return how long ago something was, by its largest unit: `now`, `5 min`, `3 h`, `2 d`."""
    seconds = now - started_at
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return "now"
