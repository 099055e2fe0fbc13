"""Filters and sorts the studies on Home. Pure functions."""

from collections.abc import Callable
from typing import Literal, assert_never

from medtui.monitor.study_filter import matches, parse_study_filter
from medtui.monitor.study_summary import StudySummary

Order = Literal["newest", "name", "best val"]

ORDERS: tuple[Order, ...] = ("newest", "name", "best val")
"""In the order in which `o` cycles through them; live studies always come first."""


def choose_studies(
    studies: tuple[StudySummary, ...], wanted: str, order: Order
) -> tuple[StudySummary, ...]:
    """Return the studies that match a filter, see `study_filter`, in this order.

    Raises:
        UsageError: the filter cannot be parsed.
    """
    holds = parse_study_filter(wanted)
    chosen = [study for study in studies if not wanted or matches(holds, study)]
    return tuple(sorted(chosen, key=_key_of(order)))


def _key_of(order: Order) -> Callable[[StudySummary], tuple[bool, str, float, str]]:
    def key(study: StudySummary) -> tuple[bool, str, float, str]:
        best = study.best
        match order:
            case "newest":
                return not study.is_live, "", -study.last_at, study.name
            case "name":
                return not study.is_live, "", 0.0, study.name
            case "best val":  # values of different metrics are not compared
                metric = best.headline.label if best else "~"
                value = -(best.val or 0.0) if best else 0.0
                return not study.is_live, metric, value, study.name
            case other:
                assert_never(other)

    return key
