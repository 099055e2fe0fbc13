"""ROC curves of all classes by one sort on the device, without a wait for it.

`medtui.metrics.curve` is the reference, which works on a class at a time and leaves out ties.
Here shapes stay fixed, so that nothing is copied to the host: each image holds its class's counts,
and only the last of equal scores is a point of the curve.
Shapes: N images, K classes; all rows of a class are in descending order of score.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from medtui.metrics.threshold_rule import ThresholdRule, wanted_sensitivity
from medtui.metrics.thresholds import NO_CHOICE

_UNKNOWN = -1.0
"""Sorted below every probability; an image whose label is unknown counts as neither."""


@dataclass(frozen=True)
class DeviceCurve:
    """Positives and negatives down to each image, of each class."""

    scores_NK: Tensor
    """Probabilities, float64; -1 where the label is unknown."""
    found_NK: Tensor
    """Positives down to here, float64."""
    wrong_NK: Tensor
    """Negatives down to here, float64."""
    is_point_NK: Tensor
    """Whether it is the last of equal scores."""

    @property
    def positives_K(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """Number of positives."""
        return self.found_NK[-1]

    @property
    def negatives_K(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """Number of negatives."""
        return self.wrong_NK[-1]

    @property
    def is_ranked_K(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """Whether there are positives and negatives to compare."""
        return (self.positives_K > 0) & (self.negatives_K > 0)

    @cached_property
    def before(self) -> tuple[Tensor, Tensor]:
        """Positives and negatives (N, K) down to the point before; zeros before the first."""
        return self._before(self.found_NK), self._before(self.wrong_NK)

    def area_K(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """Return the area under each class's ROC curve, by trapezoids; NaN without a ranking."""
        found_NK, wrong_NK = self.before
        steps_NK = (self.wrong_NK - wrong_NK) * (self.found_NK + found_NK) / 2
        return self._sum(steps_NK) / (self.positives_K * self.negatives_K)

    def mean_precision_K(self) -> Tensor:  # noqa: N802 - the suffix is the shape
        """Return each class's average precision; NaN without a ranking."""
        precision_NK = self.found_NK / (self.found_NK + self.wrong_NK)
        total_K = self._sum((self.found_NK - self.before[0]) * precision_NK)
        return torch.where(self.is_ranked_K, total_K / self.positives_K, torch.nan)

    def thresholds_K(self, rule: ThresholdRule) -> Tensor:  # noqa: N802 - the suffix is the shape
        """Return the threshold of each class by a rule; 0.5 for a class without a ranking."""
        if rule == "half":
            return torch.full_like(self.positives_K, NO_CHOICE)
        limits_K = self._youden() if rule == "youden" else self._limit(self._merit(rule))
        return torch.where(self.is_ranked_K, limits_K, NO_CHOICE)

    def _merit(self, rule: ThresholdRule) -> Tensor:
        answered_NK = self.found_NK + self.wrong_NK
        if (sensitivity := wanted_sensitivity(rule)) is not None:
            return (self.found_NK >= sensitivity * self.positives_K - 1e-9).double()
        if rule == "f1":
            return 2 * self.found_NK / (answered_NK + self.positives_K)
        assert rule == "prevalence", rule
        return -(answered_NK - self.positives_K).abs()

    def _youden(self) -> Tensor:
        gain_NK = self.found_NK / self.positives_K - self.wrong_NK / self.negatives_K
        merit_NK = torch.where(self._is_corner(), gain_NK, -torch.inf)
        is_any_K = torch.where(self.is_point_NK, merit_NK, -torch.inf).amax(dim=0) > 0
        return torch.where(is_any_K, self._limit(merit_NK), 1.0)

    def _is_corner(self) -> Tensor:
        """Return whether scikit-learn keeps a point: it is an end, or its neighbours turn there."""
        is_end_NK = (self.found_NK + self.wrong_NK) == self.positives_K + self.negatives_K
        is_start_NK = sum(self.before) == 0
        is_turn_NK = torch.zeros_like(self.is_point_NK)
        for own_NK, before_NK in zip((self.found_NK, self.wrong_NK), self.before, strict=True):
            is_turn_NK |= (self._after(own_NK) - own_NK) != (own_NK - before_NK)
        return is_end_NK | is_start_NK | is_turn_NK

    def _limit(self, merit_NK: Tensor) -> Tensor:
        """Return the score of the first point of largest merit."""
        best_K = torch.where(self.is_point_NK, merit_NK, -torch.inf).argmax(dim=0)
        return self.scores_NK.gather(0, best_K.unsqueeze(0)).squeeze(0)

    def _sum(self, values_NK: Tensor) -> Tensor:
        return torch.where(self.is_point_NK, values_NK, 0.0).sum(dim=0)

    def _before(self, counts_NK: Tensor) -> Tensor:
        at_points_NK = torch.where(self.is_point_NK, counts_NK, 0.0).cummax(dim=0).values
        return torch.cat((torch.zeros_like(at_points_NK[:1]), at_points_NK[:-1]))

    def _after(self, counts_NK: Tensor) -> Tensor:
        """Return the counts at the next point; the last one's own after it."""
        at_points_NK = torch.where(self.is_point_NK, counts_NK, torch.inf)
        upwards_NK = at_points_NK.flip(0).cummin(dim=0).values.flip(0)
        return torch.cat((upwards_NK[1:], counts_NK[-1:]))


def device_curve(labels_NK: Tensor, scores_NK: Tensor, known_NK: Tensor) -> DeviceCurve:
    """Return the curves of 0/1 labels and float64 probabilities, where a label is known."""
    sorted_NK, order_NK = torch.where(known_NK, scores_NK, _UNKNOWN).sort(dim=0, descending=True)
    is_known_NK = known_NK.gather(0, order_NK)
    is_positive_NK = (labels_NK.gather(0, order_NK) == 1) & is_known_NK
    # Whole numbers: torch's sums of floats over a GPU's threads have no fixed order.
    found_NK = is_positive_NK.cumsum(dim=0).double()
    answered_NK = is_known_NK.cumsum(dim=0).double()
    is_last_NK = torch.ones_like(is_known_NK)
    is_last_NK[:-1] = sorted_NK[:-1] != sorted_NK[1:]
    return DeviceCurve(sorted_NK, found_NK, answered_NK - found_NK, is_last_NK & is_known_NK)
