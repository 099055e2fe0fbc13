"""What an interval lacks: patients, or images of the kind that a metric rests on. Loads no numpy.

A metric of one class against the rest (sensitivity, AUROC) rests on the images with the class, or
without it, however many other images there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from medtui.metrics.registry import MIN_IMAGES_OF_CLASS
from medtui.units import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medtui.metrics.registry import Metric
    from medtui.metrics.scores import Scores

MIN_POSITIVES = MIN_IMAGES_OF_CLASS
"""Fewest images with, and without, a class with which a metric of the class has an interval."""

Unit = Literal["patient", "image"]
"""What is left out; images where patients are unknown."""


@dataclass(frozen=True)
class Shortage:
    """Why there is no interval: fewer of something than it needs."""

    count: int
    what: Literal["patient", "image", "positive", "negative"]
    needed: int

    @property
    def text(self) -> str:
        """What there is: `2 positives`."""
        return plural(self.count, self.what)

    @property
    def mark(self) -> str:
        """What stands in the place of an interval: `n < 9`, `positives < 10`."""
        of_unit = self.what in ("patient", "image")
        return f"{'n' if of_unit else f'{self.what}s'} < {self.needed}"

    @property
    def reason(self) -> str:
        """The reason in words: `2 positives, fewer than 10`."""
        return f"{self.text}, fewer than {self.needed}"


def interval_shortage(
    metric: Metric, scores: Scores, patients: Sequence[str], *, needed: int, unit: Unit = "patient"
) -> Shortage | None:
    """Return what an interval of a metric lacks, with `needed` patients; None if nothing."""
    if (count := len(set(patients))) < needed:
        return Shortage(count, unit, needed)
    return positives_shortage(metric, scores)


def positives_shortage(metric: Metric, scores: Scores) -> Shortage | None:
    """Return which images of the one class that a metric is about are too few; None if enough.

    A mean over several classes rests on all of them: it has no minimum.
    """
    if metric.rests_on == "images" or len(scores.judged) != 1:
        return None
    (index,) = scores.judged
    labels_N = scores.labels_NK[scores.rows_of(index), index]
    num_positives = int(labels_N.sum())
    num_negatives = len(labels_N) - num_positives
    if metric.rests_on != "negatives" and num_positives < MIN_POSITIVES:
        return Shortage(num_positives, "positive", MIN_POSITIVES)
    if metric.rests_on != "positives" and num_negatives < MIN_POSITIVES:
        return Shortage(num_negatives, "negative", MIN_POSITIVES)
    return None
