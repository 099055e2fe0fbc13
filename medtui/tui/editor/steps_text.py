"""Where a draft is on its way, for the title bar."""

from rich.text import Text

from medtui.charts.palette import Colours

STEPS = ("1 Data", "2 Compress", "3 Start")


def steps_text(step: int, colours: Colours, *, is_narrow: bool) -> Text:
    """Return the steps of a new study with the present one (from 0); alone where it is narrow."""
    text = Text("New study", colours.muted)
    for number, name in enumerate(STEPS):
        if number == step or not is_narrow:
            text.append(" ▸ ", colours.muted)
            text.append(name, "bold" if number == step else colours.muted)
    return text
