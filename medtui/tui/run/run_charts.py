"""The charts of the Run screen: which one is shown large, and with which band."""

from collections.abc import Callable, Sequence
from functools import partial

from medtui.charts.bands import BandKind, next_band
from medtui.charts.figures.run_band import with_band
from medtui.charts.figures.run_charts import RunChart, run_charts
from medtui.charts.plot import Interval, Plot
from medtui.charts.style import ChartStyle
from medtui.metrics import Metric
from medtui.monitor.run_view import RunView
from medtui.tui.run.answer import Answer
from medtui.tui.widgets.chart import Chart

_FIRST_BESIDE = ("loss", "AUROC", "step", "acc")
"""Charts that stand beside the first, where there is room: the most telling first."""


class RunCharts:
    """What was chosen among the charts of a run; other runs are shown with the same choice."""

    def __init__(self) -> None:
        self.number = 0
        """The chart that is shown large, from 0."""
        self._band: BandKind = "margin"

    def choose(self, number: int, view: RunView) -> bool:
        """Show the chart with this number, from 0; return whether that is another one."""
        is_other = number != self.number and 0 <= number < len(run_charts(view))
        if is_other:
            self.number = number
        return is_other

    def step(self, step: int, view: RunView) -> bool:
        """Show the next chart; return whether that is another one."""
        return self.choose((self.number + step) % len(run_charts(view)), view)

    def next_metric(self, view: RunView) -> bool:
        """Show the next metric by cycle; return whether that is another chart."""
        charts = run_charts(view)
        metrics = [at for at, chart in enumerate(charts) if chart.metric is not None]
        later = [at for at in metrics if at > self.number]
        return self.choose((later or metrics)[0], view)

    def next_band(self) -> None:
        """Show the next kind of band."""
        self._band = next_band(self._band)

    def show(
        self, view: RunView, answer: Answer, style: ChartStyle, large: Chart,
        beside: Sequence[Chart], last: Plot | None = None,
    ) -> None:  # fmt: skip
        """Show the chosen chart, and others beside it where there is room, the `last` given."""
        charts = run_charts(view)
        self.number = min(self.number, len(charts) - 1)
        names = [chart.name for chart in charts]
        large.show(self.plot(charts[self.number], view, answer), style, names, self.number)
        others = [chart for at, chart in enumerate(charts) if at != self.number]
        plots: list[Callable[[], Plot]] = [
            partial(self.plot, chart, view, answer) for chart in _most_telling(others)
        ]
        if last is not None:
            plots = [*plots[: len(beside) - 1], lambda: last]
        for widget, make in zip(beside, plots, strict=False):
            if widget.size:
                widget.show(make(), style)

    def plot(self, chart: RunChart, view: RunView, answer: Answer) -> Plot:
        """Return a chart with the chosen band."""
        plot = chart.make(view)
        if chart.metric is None:
            return plot
        return with_band(plot, chart.metric, self._band, _interval_at_test(chart.metric, answer))


def _interval_at_test(metric: Metric, answer: Answer) -> Interval | None:
    """Return the interval of a change, at the run's own value on test."""
    line = next((each for each in answer.lines if each.metric == metric), None)
    if line is None or line.value is None or line.change is None:
        return None
    if line.low is None or line.high is None:
        return None
    return line.value - line.change + line.low, line.value - line.change + line.high


def _most_telling(charts: Sequence[RunChart]) -> list[RunChart]:
    """Return the charts with loss, AUROC and the training loss first."""

    def place(chart: RunChart) -> int:
        named = _FIRST_BESIDE
        return named.index(chart.name) if chart.name in named else len(named)

    return sorted(charts, key=place)
