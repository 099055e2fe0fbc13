"""What the forest of changes means, in two or three lines below it."""

from collections.abc import Mapping

from rich.text import Text

from medtui.analysis.differences import Differences
from medtui.analysis.power import describe_power_of_runs
from medtui.charts.palette import Colours
from medtui.metrics import Metric


def forest_notes(
    found: Mapping[str, Differences], metric: Metric, colours: Colours, *, is_judged: bool
) -> Text:
    """Return how verdicts follow from bars and margin, and which margin the patients can show."""
    text = Text()
    if is_judged:
        text.append("✗", style=colours.states["failed"])
        text.append(" bar left of 0  ", style=colours.muted)
        text.append("✓", style=colours.good)
        text.append(" else right of the margin ┊  ", style=colours.muted)
        text.append("~", style=colours.warning)
        text.append(" neither: not shown", style=colours.muted)
    power = describe_power_of_runs(found, metric)
    if power:
        text.append(f"\n{power}" if text else power, style=colours.muted)
    return text
