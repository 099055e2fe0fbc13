"""What an interval lacks: patients, or images of the kind that a metric rests on. Loads no numpy.

A metric of one class against the rest (sensitivity, AUROC) rests on the images with the class, or
without it, however many other images there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, assert_never

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


def unit_of(*, has_patients: bool) -> Unit:
    """Return what intervals are over."""
    return "patient" if has_patients else "image"


@dataclass(frozen=True)
class Shortage:
    """Why there is no interval: fewer of something than it needs."""

    count: int
    what: Literal[
        "patient", "image", "positive", "negative", "patient of a class", "image of a class"
    ]
    needed: int

    @property
    def text(self) -> str:
        """What there is: `2 positives`."""
        return plural(self.count, self.what)

    @property
    def mark(self) -> str:
        """What stands in the place of an interval: `n < 9`, `positives < 10`, `class n < 2`."""
        match self.what:
            case "patient" | "image":
                name = "n"
            case "positive" | "negative":
                name = f"{self.what}s"
            case "patient of a class" | "image of a class":
                name = "class n"
            case _:
                assert_never(self.what)
        return f"{name} < {self.needed}"

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
    if (of_class := positives_shortage(metric, scores)) is not None:
        return of_class
    if classes_left_out(metric, scores, patients):
        return Shortage(1, "patient of a class" if unit == "patient" else "image of a class", 2)
    return None


def classes_left_out(metric: Metric, scores: Scores, patients: Sequence[str]) -> list[int]:
    """Return the classes on which a metric rests that a sample of the jackknife is without.

    All images with the class, or without it, are then of one patient, or of patients that are left
    out together. The metric of that sample would be another one, a mean over the other classes, and
    the number of that class has no variance that samples could show.
    """
    from medtui.metrics.draws import left_out_together

    if metric.rests_on == "images":
        return []
    kinds = {"positives": (1,), "negatives": (0,)}.get(metric.rests_on, (0, 1))
    group_N, found = left_out_together(patients), []
    for index in scores.judged:
        rows = scores.rows_of(index)
        labels_N, groups_N = scores.labels_NK[rows, index], group_N[rows]
        if any(len(set(groups_N[labels_N == kind].tolist())) == 1 for kind in kinds):
            found.append(index)
    return found


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
