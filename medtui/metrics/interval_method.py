"""How 95 % intervals are computed. Loads no numpy."""

from typing import Literal

IntervalMethod = Literal["jackknife", "percentile"]
"""`jackknife` leaves out one patient after the other; `percentile` takes quantiles of a bootstrap.

The percentile interval is that of earlier versions. With few patients it is too short: 95 %
intervals of the accuracy of 9 patients cover 87 % (`benchmarks/statistics.md`).
"""


def describe_method(method: IntervalMethod) -> str:
    """Return the name of a method for a sentence, with its weakness."""
    match method:
        case "jackknife":
            return "the jackknife"
        case "percentile":
            return "the percentile bootstrap, whose intervals are too short with few patients"
