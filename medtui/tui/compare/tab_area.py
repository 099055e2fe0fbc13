"""The lower part of Compare: the content of the chosen tab, in a wide terminal beside others."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size

from medtui.analysis.table import Table
from medtui.charts.palette import Colours
from medtui.charts.plot import Plot
from medtui.charts.style import ChartStyle
from medtui.tui.compare.lighting import lit
from medtui.tui.compare.panels import ForestPanel
from medtui.tui.compare.subgroups_pane import SubgroupsPane
from medtui.tui.compare.tabs import CHANGE, CURVES, SIZE, SUBGROUPS, Pane
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.table_view import TableView

_WIDE = 100
_GRID = Size(180, 50)
"""From so many cells and rows on, four panes stand in a grid."""


class TabArea(Container):
    """Holds all panes, and displays those of the tab."""

    DEFAULT_CSS = """
    TabArea {
        height: 1fr;
        layout: horizontal;
        & > * { display: none; height: 100%; width: 1fr; }
        &.-beside #forest, &.-beside #tab-tables { width: 5fr; }
        &.-beside #picture { width: 3fr; }
        &.-grid { layout: grid; grid-size: 2 2; }
        &.-grid > * { height: 1fr; }
    }
    """

    tab = ""
    side = 0

    def __init__(self) -> None:
        super().__init__(id="tab")
        self.plots: dict[str, Plot] = {}
        """What each chart shows, by its identifier, without the emphasis of one run."""

    def compose(self) -> ComposeResult:
        forest = ForestPanel(id="forest")
        forest.can_focus = True
        yield forest
        yield Chart(id="picture")
        yield Chart(id="tab-chart")
        yield TableView(id="tab-tables")
        yield SubgroupsPane()

    @property
    def chart(self) -> Chart | None:
        """The chart that keys are about; None where the tab has none, or is being closed."""
        shown = {chart.id: chart for chart in self.query(Chart) if chart.display}
        return shown.get("tab-chart") or shown.get("picture")

    @property
    def plot(self) -> Plot | None:
        """What the chart of the tab shows, without the emphasis of one run."""
        chart = self.chart
        return self.plots.get(chart.id or "") if chart else None

    def light(self, letter: str, style: ChartStyle) -> None:
        """Emphasise one run in all charts."""
        for chart in self.query(Chart):
            plot = self.plots.get(chart.id or "")
            if plot is not None and chart.display:
                chart.show(lit(plot, letter), style)

    @property
    def main_width(self) -> int:
        """Cells across the main content, within its frame."""
        width = self.size.width * 5 // 8 if self.has_class("-beside") else self.size.width
        return width - 5

    def panes_for(self, tab: str, side: int, screen: Size) -> dict[Pane, tuple[str, int]]:
        """Return what is computed: pane to tab and side. The forest is made from the table."""
        if tab != CHANGE:
            return {"main": (tab, side)}
        if side:
            return {"main": (tab, side)}
        found: dict[Pane, tuple[str, int]] = {}
        if screen.width >= _WIDE:
            found["picture"] = (SIZE, 0)
        if _is_grid(screen):
            found |= {"curves": (CURVES, 0), "groups": (SUBGROUPS, 0)}
        return found

    def display_tab(self, tab: str, side: int, screen: Size) -> None:
        """Display the panes of a tab; those whose content is not known yet stay hidden."""
        self.tab, self.side = tab, side
        is_change = tab == CHANGE and side == 0
        is_grid = is_change and _is_grid(screen)
        self.set_class(is_grid, "-grid")
        self.set_class(is_change and screen.width >= _WIDE and not is_grid, "-beside")
        self.query_one("#forest").display = is_change
        self.query_one("#picture").display = is_change and screen.width >= _WIDE
        self.query_one("#subgroups").display = tab == SUBGROUPS
        if tab == CHANGE and not is_grid:
            self.query_one("#tab-chart").display = False
            self.query_one("#tab-tables").display = bool(side)
        elif tab == SUBGROUPS:
            self.query_one("#tab-chart").display = self.query_one("#tab-tables").display = False

    def show(self, pane: Pane, content: Plot | tuple[Table | Text, ...], style: ChartStyle) -> None:
        """Show content in its pane: a chart, once it is lit, in the main one in place of tables."""
        chart, tables = self.query_one("#tab-chart", Chart), self.query_one(TableView)
        if isinstance(content, Plot):
            target = self.query_one("#picture", Chart) if pane == "picture" else chart
            if pane == "main":
                tables.display = False
            target.display = True
            self.plots[target.id or ""] = content
            return
        if pane == "picture":
            return
        if pane == "main":
            chart.display = False
        tables.display = True
        name = SUBGROUPS if pane == "groups" else self.tab
        tables.caption("Averages over seeds" if name == CHANGE else name)
        tables.show(content, style.colours)

    def show_words(self, words: Text, colours: Colours) -> None:
        """Show a sentence in place of the main content."""
        if self.tab == SUBGROUPS:
            self.query_one(SubgroupsPane).show_words(words)
        elif self.tab != CHANGE or self.side:
            self.show("main", (words,), ChartStyle(colours))


def _is_grid(screen: Size) -> bool:
    return screen.width >= _GRID.width and screen.height >= _GRID.height
