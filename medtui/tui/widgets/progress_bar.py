"""A progress bar in text: heavy line where done, light line elsewhere, readable without colour."""

from rich.text import Text

from medtui.charts.palette import Colours


def bar(share: float, width: int, colours: Colours, colour: str | None = None) -> Text:
    """Return a bar of `width` cells for a completed share of 0 to 1."""
    done = min(width, max(0, int(share * width + 0.5)))
    if share > 0:
        done = max(done, 1)
    if share < 1:
        done = min(done, width - 1)
    text = Text("━" * done, style=colour or colours.accent)
    text.append("─" * (width - done), style=colours.muted)
    return text
