"""The panes of the Run screen: which has the keys, and what each of them shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widget import Widget

from medtui.charts.export import chart_csv
from medtui.charts.style import ChartStyle
from medtui.charts.viewport import Viewport, apply_viewport
from medtui.monitor.run_view import RunView
from medtui.tui.run.answer import Answer, answer_of
from medtui.tui.run.answer_pane import answer_sheet
from medtui.tui.run.beside import calibration_plot, show_groups
from medtui.tui.run.layout_rows import show_small_rows
from medtui.tui.run.panes import CHOICES, Content, pane_text, usual_content
from medtui.tui.run.run_charts import RunCharts
from medtui.tui.run.sheet import fitting_parts
from medtui.tui.widgets.chart import Chart
from medtui.tui.widgets.choice_line import ChoiceLine, choice_line
from medtui.tui.widgets.log_view import LogView
from medtui.tui.widgets.panel import TextPanel
from medtui.tui.widgets.rows_pane import RowsPane
from medtui.tui.widths import read_widths, remember_width

if TYPE_CHECKING:
    from medtui.analysis.subgroup_analysis import SubgroupAnalysis
    from medtui.tui.run.details import Comparison, RunFiles

PANES = ("curves", "answer", "left", "middle", "right", "extra")
"""In the order in which Tab goes through them."""

MORE_CHARTS = ("chart-2", "chart-3", "chart-4")
"""Further charts, which very large terminals show beside the first."""

_FRAME_AND_GAPS = 6
_ANSWER = "run-answer"
"""Name of the remembered width."""
_NARROWEST_ANSWER, _WIDEST_ANSWER = 36, 90


class RunBody(Container):
    """Panes beside each other where they fit, else one at a time between the answer and notes."""

    DEFAULT_CSS = """
    RunBody { height: 1fr; }
    RunBody.-silent { opacity: 65%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._pane = 0
        self._charts = RunCharts()
        self._chosen: dict[str, Content] = {}
        self._is_sorted = False
        self._view: RunView | None = None
        self._answer_width = 52

    def compose(self) -> ComposeResult:
        yield RowsPane(id="hero")
        with Horizontal(id="upper", classes="row"):
            yield Chart(id="curves", classes="pane")
            for name in MORE_CHARTS[:1]:
                yield Chart(id=name, classes="more")
            yield RowsPane(id="answer", classes="pane")
        with Horizontal(id="more", classes="more"):
            for name in MORE_CHARTS[1:]:
                yield Chart(id=name)
            yield TextPanel(id="groups")
        with Horizontal(id="lower", classes="row"):
            yield RowsPane(id="left", classes="pane")
            yield RowsPane(id="middle", classes="pane")
            with Container(id="right", classes="pane"):
                yield LogView(id="log")
                yield RowsPane(id="texts")
            yield RowsPane(id="extra", classes="pane")
        yield RowsPane(id="brief")

    def on_mount(self) -> None:
        self._mark_pane()
        self._set_width(read_widths().get(_ANSWER, self._answer_width))

    @property
    def chart(self) -> Chart | None:
        """The chart that the keys are about; None while another pane has them."""
        return self.query_one("#curves", Chart) if self.pane == "curves" else None

    @property
    def pane(self) -> str:
        """The pane that has the keys."""
        return PANES[self._pane]

    def go_to(self, pane: str) -> None:
        """Make a pane the current one."""
        self._pane = PANES.index(pane)
        self._mark_pane()

    def step_pane(self, step: int) -> None:
        """Go to the next pane; the last one is there in large terminals only."""
        count = len(PANES) if self.query_one("#extra").display else len(PANES) - 1
        self._pane = (self._pane + step) % count
        self._mark_pane()

    def choose(self, number: int) -> None:
        """Show the chart or tab with this number, from 0, in the pane that has the keys."""
        if self.pane in CHOICES:
            self._choose_content(self.pane, number)
        elif self._view is not None:
            self._look_at(is_other=self._charts.choose(number, self._view))

    def choose_next(self, step: int) -> None:
        """Show the next chart or tab of the pane that has the keys."""
        if self._view is None:
            return
        if self.pane in CHOICES:
            choices = CHOICES[self.pane]
            at = choices.index(self._content(self.pane, self._view))
            self.choose((at + step) % len(choices))
        else:
            self._look_at(is_other=self._charts.step(step, self._view))

    def next_metric(self) -> None:
        """Show the next metric by cycle."""
        if self._view is not None:
            self._look_at(is_other=self._charts.next_metric(self._view))

    def next_band(self) -> None:
        """Show the next kind of band behind the curves."""
        self._charts.next_band()

    def _look_at(self, *, is_other: bool) -> None:
        """Focus the large chart; show another one whole."""
        if is_other:
            self.query_one("#curves", Chart).viewport = Viewport()
        self.go_to("curves")

    def order(self) -> None:
        """Order the layers by density, or as in the network."""
        self._is_sorted = not self._is_sorted

    def widen(self, step: int) -> None:
        """Make the chart wider; what it is compared with gives way."""
        self._set_width(self._answer_width - step)
        remember_width(_ANSWER, self._answer_width)

    def _set_width(self, cells: int) -> None:
        self._answer_width = min(_WIDEST_ANSWER, max(_NARROWEST_ANSWER, cells))
        self.query_one("#answer").styles.width = self._answer_width

    def scroll_pane(self, lines: int) -> None:
        """Scroll the pane that has the keys."""
        shown = self._widget_of(self.pane)
        shown.scroll_relative(y=lines, animate=False)

    def follow(self) -> None:
        """Go to the end of the log."""
        self.query_one(LogView).follow()

    def show_log(self) -> None:
        """Show the log of events, and give it the keys."""
        self._chosen["right"] = "events"
        self.go_to("right")

    def needs_worker_log(self) -> bool:
        """Whether the end of the worker's output is on screen, which grows."""
        return any(
            self._content(place, self._view) == "worker" and self._widget_of(place).display
            for place in CHOICES
            if self._view is not None
        )

    def text_of_pane(self) -> str:
        """Return what the pane that has the keys shows, for copying."""
        chart = self.chart
        if chart is not None and chart.plot is not None:
            return chart_csv(apply_viewport(chart.viewport, chart.plot))
        shown = self._widget_of(self.pane)
        if isinstance(shown, LogView):
            lines = self._view.lines if self._view is not None else ()
            return "\n".join(line.text for line in lines) + "\n"
        return shown.plain + "\n" if isinstance(shown, RowsPane) else ""

    def show(
        self,
        view: RunView,
        found: "Comparison | None",
        files: "RunFiles | None",
        analysis: "SubgroupAnalysis | None",
        style: ChartStyle,
    ) -> Answer:
        """Show a run in every pane; return its answer."""
        self._view = view
        self.set_class(view.result is not None, "-over")
        self.set_class(view.row.status == "silent", "-silent")
        answer = answer_of(view, found)
        large, *beside = (self.query_one(f"#{name}", Chart) for name in ("curves", *MORE_CHARTS))
        last = calibration_plot(analysis, view)
        self._charts.show(view, answer, style, large, beside, last)
        self.set_class(analysis is not None, "-grouped")
        show_groups(self.query_one("#groups", TextPanel), analysis, style)
        self._show_answer(view, answer, found, style)
        for place in CHOICES:
            self._show_content(place, view, found, files, style)
        return answer

    def _show_answer(
        self, view: RunView, answer: Answer, found: "Comparison | None", style: ChartStyle
    ) -> None:
        colours, is_ascii = style.colours, style.is_ascii
        pane = self.query_one("#answer", RowsPane)
        if pane.inner_width > 0:
            size = (pane.inner_width, pane.size.height)
            sheet = answer_sheet(view, answer, size, colours, is_ascii=is_ascii)
            pane.show_canvas(sheet.canvas())
        title = f"Against the {answer.against}" if answer.against else "So far"
        if view.result is not None and not answer.against:
            title = "Result"
        pane.caption_choices(self._line(pane, title, (answer.source,), -1, style))
        is_small = self.screen.has_class("-slim") or self.screen.has_class("-low")
        hero, brief = (self.query_one(f"#{name}", RowsPane) for name in ("hero", "brief"))
        show_small_rows(hero, brief, view, answer, found, style, is_small=is_small)

    def _show_content(
        self,
        place: str,
        view: RunView,
        found: "Comparison | None",
        files: "RunFiles | None",
        style: ChartStyle,
    ) -> None:
        content = self._content(place, view)
        widget = self._widget_of(place)
        if place == "right":
            self.query_one("#log").display = content == "events"
            self.query_one("#texts").display = content != "events"
        current = CHOICES[place].index(content)
        if isinstance(widget, LogView):
            widget.show(view.lines, style.colours)
            title = widget.title
            widget.caption_choices(self._line(widget, title, CHOICES[place], current, style),
                                   widget.state_text(style.colours))  # fmt: skip
            return
        if not isinstance(widget, RowsPane) or widget.inner_width <= 0:
            return
        text = pane_text(content, view, found, files, widget.inner_width, style.colours,
                         is_ascii=style.is_ascii, is_sorted=self._is_sorted)  # fmt: skip
        widget.show_canvas(text.canvas)
        colour = style.colours.bad if text.is_alarming else style.colours.muted
        line = self._line(widget, text.title, CHOICES[place], current, style,
                          is_alarming=text.is_alarming)  # fmt: skip
        room = widget.outer_size.width - _FRAME_AND_GAPS
        widget.caption_choices(line, Text(fitting_parts(text.below, room), colour))

    def _line(
        self,
        widget: Widget,
        title: str,
        names: Sequence[str],
        current: int,
        style: ChartStyle,
        *,
        is_alarming: bool = False,
    ) -> ChoiceLine:
        """Return the title of a pane, with its choices where it has the keys or there is room."""
        is_heavy = self._widget_of(self.pane) is widget
        colours = style.colours
        line = choice_line(
            title, names, current, widget.outer_size.width - _FRAME_AND_GAPS, colours,
            is_numbered=False, rule="━" if is_heavy else "─",
            rule_colour=colours.accent if is_heavy else colours.frame,
        )  # fmt: skip
        if is_alarming:
            line.text.stylize(colours.bad, 0, len(title))
        return line

    def _choose_content(self, place: str, number: int) -> None:
        if number < len(CHOICES[place]):
            self._chosen[place] = CHOICES[place][number]
            self.go_to(place)

    def _content(self, place: str, view: RunView) -> Content:
        return self._chosen.get(place) or usual_content(place, view)

    def _widget_of(self, pane: str) -> Widget:
        if pane != "right":
            return self.query_one(f"#{pane}")
        is_log = self._view is None or self._content("right", self._view) == "events"
        return self.query_one("#log" if is_log else "#texts")

    def _mark_pane(self) -> None:
        current = self.query_one(f"#{self.pane}")
        for pane in self.query(".pane"):
            pane.set_class(pane is current, "current")
        for row in self.query(".row"):
            row.set_class(current in row.children, "current")
        self.set_class(self.pane == "curves", "-on-chart")
