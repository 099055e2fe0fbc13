"""Share of weights kept per layer, as bars in network order."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.tui.widgets.panel import Panel
from medtui.tui.widgets.progress_bar import bar
from medtui.units import format_percent

_NAME = 22
_SHARE = 9


class LayerBars(Panel, VerticalScroll, can_focus=False):
    """One line per layer; collapsed layers are marked."""

    DEFAULT_CSS = """
    LayerBars { padding: 0 1; scrollbar-size-vertical: 1; & Static { height: auto; } }
    """

    def compose(self) -> ComposeResult:
        yield Static()

    def show(self, view: RunView, colours: Colours) -> None:
        self.caption("Density by layer (share of weights kept)", _summary(view, colours))
        if not view.densities:
            self.query_one(Static).update(Text("available after the first cycle", colours.muted))
            return
        width = max(4, self.content_size.width - _NAME - _SHARE - (12 if view.dead_layers else 8))
        text = Text()
        for name, density in view.densities:
            is_collapsed = name in view.dead_layers
            text.append(
                f"{name[:_NAME]:<{_NAME}} ", colours.warning if is_collapsed else colours.muted
            )
            text.append_text(bar(density, width, colours))
            text.append(f" {format_percent(density):>{_SHARE}}")
            text.append(" collapsed\n" if is_collapsed else "\n", colours.warning)
        text.rstrip()
        self.query_one(Static).update(text)


def _summary(view: RunView, colours: Colours) -> Text:
    last = view.cycles[-1].density if view.cycles else None
    return Text("" if last is None else f"whole network {format_percent(last)}", colours.muted)
