"""Filters and sorts the studies on Home. Pure functions."""

from collections.abc import Callable
from typing import Literal, assert_never

from medtui.monitor.study_summary import StudySummary
from medtui.runs.status import FORMER_STATUSES

Order = Literal["newest", "name", "best val"]

ORDERS: tuple[Order, ...] = ("newest", "name", "best val")
"""In the order in which `o` cycles through them; live studies always come first."""


def choose_studies(
    studies: tuple[StudySummary, ...], wanted: str, order: Order
) -> tuple[StudySummary, ...]:
    """Return the studies whose text contains every word of `wanted`, in this order."""
    words = wanted.lower().split()
    chosen = [study for study in studies if all(_contains(_text_of(study), word) for word in words)]
    return tuple(sorted(chosen, key=_key_of(order)))


def _contains(text: str, word: str) -> bool:
    """Return whether a word occurs in a text, under its present or its former name."""
    return word in text or FORMER_STATUSES.get(word, word) in text


def _text_of(study: StudySummary) -> str:
    titles = " ".join(f"{run.title} {run.status}" for run in study.runs)
    return f"{study.name} {study.about} {study.note} {study.status} {titles}".lower()


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
