"""The band of a run's charts: the margin, the interval of the test value, or none."""

from dataclasses import replace

from medtui.charts.bands import BandKind
from medtui.charts.plot import Interval, Plot, Zone
from medtui.metrics import Metric


def with_band(plot: Plot, metric: Metric, kind: BandKind, interval: Interval | None) -> Plot:
    """Return the chart of a metric with another band.

    `interval` is the paired 95 % interval of the change, put at the run's test value, from 0 to 1.
    """
    if kind == "margin":
        return plot
    if kind == "none":
        return replace(plot, zones=())
    ends = [metric.scale(end) for end in interval or ()]
    low, high = ends if len(ends) == len(("low", "high")) else (None, None)
    if low is None or high is None:
        remark = f"{plot.remark}  no interval yet".strip()
        return replace(plot, zones=(), remark=remark)
    return replace(plot, zones=(Zone("95 % of test, paired", low, high),))
