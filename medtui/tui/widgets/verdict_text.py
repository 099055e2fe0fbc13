"""A change and its verdict as text: mark, word and colour together."""

from rich.text import Text

from medtui.analysis.verdict_state import State
from medtui.charts.palette import Colours
from medtui.metrics import Metric
from medtui.units import MINUS

CHANGE_WIDTH = 22
"""Cells of `−41.8 [−46.0, −37.1]` and the mark of its verdict."""

MARKS: dict[State, str] = {"non-inferior": "✓", "not shown": "~", "worse": "✗", "not judged": "·"}


def marks_text(colours: Colours) -> Text:
    """Return what the marks beside changes mean."""
    states: tuple[State, ...] = ("non-inferior", "not shown", "worse")
    text = Text()
    for state in states:
        text.append(MARKS[state], verdict_colour(state, colours))
        text.append(f" {state} ", colours.muted)
    text.rstrip()
    return text


def verdict_colour(state: State | None, colours: Colours) -> str:
    """Return the colour of a verdict; that of secondary text without one."""
    if state is None or state == "not judged":
        return colours.muted
    return {"non-inferior": colours.good, "worse": colours.bad, "not shown": colours.warning}[state]


def change_text(text: str, state: State | None, colours: Colours, metric: Metric) -> Text:
    """Return a change in the colour of its verdict, with the verdict's mark.

    Differences between numbers of three decimals have no digit before the point.
    """
    if not metric.is_share:
        text = text.replace("+0.", "+.").replace(f"{MINUS}0.", f"{MINUS}.")
    mark = MARKS[state] if state is not None else " "
    tone = colours.text if state == "non-inferior" else verdict_colour(state, colours)
    return Text.assemble((text, tone), (f" {mark}", verdict_colour(state, colours)))


def verdict_word(state: State | None, colours: Colours) -> Text:
    """Return the verdict in words; empty without one."""
    word = "too few" if state == "not judged" else state or ""
    return Text(word, style=verdict_colour(state, colours))
