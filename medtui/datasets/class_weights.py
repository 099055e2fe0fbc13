"""How often each class occurs in train, and the weight it gets in the loss."""

from collections.abc import Sequence
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.index import Labels
from medtui.metrics.task import Task

Rule = Literal["none", "inverse", "complement", "frequency"]


def count_classes(labels: Labels, task: Task, num_classes: int) -> NDArray[np.int64]:
    """Return the images of each class, (K,)."""
    counts: NDArray[np.int64] = (
        labels.sum(axis=0, dtype=np.int64)
        if task == "multi"
        else np.bincount(labels, minlength=num_classes)
    )
    return counts


def weigh_classes(counts_K: Sequence[int] | NDArray[np.int64], rule: Rule) -> tuple[float, ...]:
    """Return each class's weight in the loss, with mean 1 over the classes that occur.

    A class's frequency is its occurrences over the sum over all classes. `inverse` weighs a class
    by 1 / frequency, so that rare findings count as much as common ones; `complement` by 1 minus
    the frequency, which is milder; `frequency` by the frequency itself; `none` weighs all alike.
    A class that never occurs in train gets 1.
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
    if mean > 0:  # it is 0 where a single class occurs, whose complement is nothing
        weights[occurs] /= mean
    return tuple(weights.tolist())
