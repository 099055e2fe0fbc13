"""A metric of a run beside that of what it is compared with, and how both are shown."""

import math
from dataclasses import dataclass

from medtui.metrics import Metric
from medtui.units import MISSING


@dataclass(frozen=True)
class MetricLine:
    """One metric of the run and of what it is compared with, on one split."""

    label: str
    metric: Metric | None
    """None for the loss."""
    value: float | None
    control: float | None
    change: float | None
    low: float | None = None
    high: float | None = None
    shortage: str = ""
    """What an interval lacks: `n < 9`."""
    has_bound: bool = False
    """Whether the interval is a bound by the number of patients alone, without a spread."""

    @property
    def has_interval(self) -> bool:
        """Whether there is one."""
        return self.low is not None and self.high is not None

    def show(self, value: float | None) -> str:
        """Return a value without its unit, which the label has."""
        if value is None or not math.isfinite(value):
            return MISSING
        if self.metric is not None:
            return self.metric.show(value).removesuffix(" %")
        return f"{value:.3f}"

    def show_change(self, change: float | None) -> str:
        """Return a difference: in points of percent, or from 0 to 1 without the leading zero."""
        if change is None or not math.isfinite(change):
            return ""
        if self.metric is not None and self.metric.is_share:
            return self.metric.show_change(change)
        text = f"{round(change, 3) + 0.0:+.3f}".replace("-", "\N{MINUS SIGN}")
        return text[0] + text[2:] if abs(change) < 0.9995 else text  # noqa: PLR2004 - rounds to 1

    @property
    def interval(self) -> str:
        """The interval in brackets, or what it lacks; empty without either."""
        if self.has_interval:
            ends = f"[{self.show_change(self.low)}, {self.show_change(self.high)}]"
            return ends.replace("100.0", "100")  # the bound of a change in points
        return f"[{self.shortage}]" if self.shortage else ""
