"""Home without studies: what medtui is, and how to start."""

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.tui.widgets.panel import TextPanel

_WHAT = (
    "medtui compresses medical image classifiers with NVIDIA's Condensa",
    "and measures what is lost on test patients, beside size and time.",
    "A study trains a network, compresses it in many ways, and compares them.",
)

_KEYS = (
    ("d", "start the demo now: synthetic blood cells, a few minutes"),
    ("n", "your own: choose a preset, or open yours"),
)

_ELSEWHERE = 'Studies started elsewhere, as by "medtui --run demo", appear here too.'


class Welcome(TextPanel):
    """The empty state."""

    DEFAULT_CSS = """
    Welcome { height: 1fr; padding: 1 3; }
    """

    def show_start(self, colours: Colours, runs_dir: str) -> None:
        """Show what can be done where a runs folder has no study."""
        self.caption("Welcome", Text(f"no study in {runs_dir} yet", colours.muted))
        text = Text("\n".join(_WHAT))
        text.append("\n\n")
        for key, meaning in _KEYS:
            text.append(f"  {key}", style=f"bold {colours.accent}")
            text.append(f"  {meaning}\n", style=colours.strong)
        text.append(f"\n{_ELSEWHERE}", style=colours.muted)
        self.show_text(text)
