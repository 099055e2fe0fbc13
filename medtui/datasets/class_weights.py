"""Class frequencies in train, and the loss weights that follow from them."""

from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.index import Labels
from medtui.metrics.task import Task

Rule = Literal["none", "inverse", "complement", "frequency"]


MEANINGS: Mapping[str, str] = {
    "none": "all classes weigh the same",
    "inverse": "1 / frequency in train: rare classes weigh more",
    "complement": "1 - frequency in train: rare classes weigh slightly more",
    "frequency": "the frequency in train itself: rare classes weigh less",
}
"""Rules in words. `frequency` is the literal reading of studies that "weight by class frequency";
most mean `inverse`, its opposite."""


def describe_weights(rule: str) -> str:
    """Return a rule and what it does: `none, all classes weigh the same`."""
    return f"{rule}, {MEANINGS[rule]}"


def count_classes(labels: Labels, task: Task, num_classes: int) -> NDArray[np.int64]:
    """Return the number of images of each class, (K,)."""
    counts: NDArray[np.int64] = (
        labels.sum(axis=0, dtype=np.int64)
        if task == "multi"
        else np.bincount(labels, minlength=num_classes)
    )
    return counts


def weigh_classes(counts_K: Sequence[int] | NDArray[np.int64], rule: Rule) -> tuple[float, ...]:
    """Return the loss weight of each class; the mean is 1 over the classes that occur.

    The frequency of a class is its number of occurrences divided by the sum over all classes.
    `inverse` uses 1 / frequency, so that rare findings count as much as common ones; `complement`
    uses 1 - frequency, which is milder; `frequency` uses the frequency itself; `none` uses equal
    weights. A class that does not occur in train gets 1.
    """
    counts = np.asarray(counts_K, np.float64)
    occurs = counts > 0
    weights = np.ones_like(counts)
    match rule:
        case "none":
            pass
        case "inverse":
            weights[occurs] = counts.sum() / counts[occurs]
        case "complement":
            weights[occurs] = 1 - counts[occurs] / counts.sum()
        case "frequency":
            weights[occurs] = counts[occurs] / counts.sum()
        case _:
            assert_never(rule)
    mean = weights[occurs].mean() if occurs.any() else 0.0
    if mean > 0:  # the complement of the only class that occurs is 0
        weights[occurs] /= mean
    return tuple(weights.tolist())
