"""The one number a study is judged by: accuracy, or AUROC where an image has several labels."""

from dataclasses import dataclass

from medtui.events import Metrics
from medtui.units import format_number, format_percent


@dataclass(frozen=True)
class Headline:
    """A metric as screens speak of it."""

    name: str
    """Its key in `Metrics`."""
    label: str
    """As on screens."""
    is_share: bool
    """Whether it is shown in percent."""

    @property
    def unit(self) -> str:
        """What follows its name on an axis."""
        return ", %" if self.is_share else ""

    def of(self, metrics: Metrics) -> float | None:
        """Give its value among others."""
        return metrics.get(self.name)

    def show(self, value: float | None) -> str:
        """Give a value with its unit."""
        return format_percent(value) if self.is_share else format_number(value)

    def show_difference(self, difference: float | None) -> str:
        """Give a difference with its sign, in points of percent where it is a share."""
        if difference is None:
            return ""
        scaled, digits = (difference * 100, 1) if self.is_share else (difference, 3)
        sign = "−" if round(scaled, digits) < 0 else "+"
        return f"{sign}{abs(scaled):.{digits}f}"

    def scale(self, value: float | None) -> float | None:
        """Give a value as an axis counts it."""
        return value if value is None or not self.is_share else value * 100


ACCURACY = Headline("accuracy", "accuracy", is_share=True)
AUROC = Headline("auroc", "AUROC", is_share=False)


def headline_of(metrics: Metrics) -> Headline:
    """Tell from any measurement by which number its study is judged."""
    return AUROC if "exact_match" in metrics else ACCURACY
