"""Predictions as arrays, ready to be measured: the metrics' input. Knows no torch.

Shapes: N images, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from medtui.metrics.arrays import ALL_ROWS, Floats, Labels, Mask, Rows
from medtui.metrics.curve import Curve, curve_of
from medtui.metrics.none_class import NoneColumns
from medtui.metrics.task import Task


@dataclass(frozen=True)
class Scores:
    """Predictions of one split, ready to be measured."""

    labels_NK: Labels
    """0 or 1 for each class; one-hot in single-label tasks. Without meaning where masked."""
    scores_NK: Floats
    """Probability of each class: softmax in single-label tasks, sigmoid in multi-label ones."""
    answers_NK: Labels
    """0 or 1 for each class: the largest probability, or those above their class's threshold."""
    task: Task
    mask_NK: Mask | None = None
    """Whether a label is known; None where all are. In single-label tasks a row is all or none.

    An unknown label is left out of its class's numbers; the image's other labels still count.
    """
    positive: int | None = None
    """The positive class of two in a single-label task; None takes the second."""

    @property
    def num_classes(self) -> int:
        """K."""
        return int(self.labels_NK.shape[1])

    @property
    def judged(self) -> list[int]:
        """Classes that one-against-rest metrics average over: the positive one alone of two."""
        is_binary = self.task == "single" and self.num_classes == 2  # noqa: PLR2004 - two classes
        if not is_binary:
            return list(range(self.num_classes))
        return [1 if self.positive is None else self.positive]

    def rows_of(self, index: int) -> Rows:
        """Return the rows whose label of this class is known."""
        return ALL_ROWS if self.mask_NK is None else np.flatnonzero(self.mask_NK[:, index])

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """Each class's images by descending score, those with a known label."""
        return tuple(
            curve_of(self.labels_NK[rows, index], self.scores_NK[rows, index])
            for index in range(self.num_classes)
            for rows in [self.rows_of(index)]
        )

    @property
    def labelled(self) -> Rows:
        """The rows with a known label."""
        return ALL_ROWS if self.mask_NK is None else np.flatnonzero(self.mask_NK.any(axis=1))

    @property
    def known(self) -> Mask:
        """Whether a label is known, as an array in any case."""
        return np.ones(self.labels_NK.shape, bool) if self.mask_NK is None else self.mask_NK

    def take(self, rows: npt.NDArray[np.integer]) -> "Scores":
        """Return the predictions of these rows, repeated as often as they are named."""
        mask_NK = None if self.mask_NK is None else self.mask_NK[rows]
        return Scores(
            self.labels_NK[rows], self.scores_NK[rows], self.answers_NK[rows], self.task, mask_NK,
            self.positive,
        )  # fmt: skip

    def of_class(self, index: int) -> "Scores":
        """Return one class against the rest."""
        column = slice(index, index + 1)
        mask_NK = None if self.mask_NK is None else self.mask_NK[:, column]
        return Scores(
            self.labels_NK[:, column], self.scores_NK[:, column], self.answers_NK[:, column],
            "multi", mask_NK,
        )  # fmt: skip


def make_scores(
    logits_NK: npt.NDArray[np.floating], labels: npt.NDArray[np.generic], task: Task,
    thresholds: Sequence[float] = (), mask: Mask | None = None, positive: int | None = None,
    none: NoneColumns | None = None,
) -> Scores:  # fmt: skip
    """Turn logits and labels ((N,) class numbers, or (N, K) zeros and ones) into `Scores`.

    `thresholds` are probabilities per class for multi-label answers; 0.5 where there are none.
    `mask` has the labels' shape and is true where a label is known; what stands in the others'
    place, such as -1 or NaN, is not read. `positive` is the positive class of two in a single-label
    task, by default the second. `none` is the class that is answered only beside no other.
    """
    logits = logits_NK.astype(np.float64)
    if mask is not None:
        labels = np.where(mask, labels, 0)
    if task == "multi":
        scores = 1 / (1 + np.exp(-logits))
        limits = np.asarray(thresholds or [0.5] * logits.shape[1])
        answers = (scores >= limits).astype(np.int64)
        if none is not None:
            answers[:, none.none] &= 1 - answers[:, list(none.others)].max(axis=1, initial=0)
        return Scores(labels.astype(np.int64), scores, answers, task, mask)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = shifted / shifted.sum(axis=1, keepdims=True)
    identity = np.eye(logits.shape[1], dtype=np.int64)
    one_hot = identity[labels.astype(np.int64).reshape(-1)]
    mask_NK = None if mask is None else np.repeat(mask.reshape(-1, 1), logits.shape[1], axis=1)
    return Scores(one_hot, scores, identity[scores.argmax(axis=1)], task, mask_NK, positive)
