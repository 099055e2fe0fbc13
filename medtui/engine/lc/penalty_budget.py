"""How strongly L-C's settings pull w to the constraint, known before anything is trained."""

import math

from medtui.preset import LcSettings

LOW_BUDGET = 3.0
"""Penalty budget below which w ends far from the constraint."""


def penalty_budget(settings: LcSettings) -> float:
    """Return B = sum(lr * mu * steps) / (1 - momentum): how far the penalty can pull w to theta.

    Below `LOW_BUDGET` theta is little more than direct compression.
    Source: the update rule's fixed point; Condensa's own example reaches about 31.
    """
    total, mu, lr = 0.0, settings.mu_init, settings.lr
    for cycle in range(1, settings.cycles):
        lr *= settings.lr_decay or 1.0
        if cycle - 1 in (settings.lr_schedule or ()):
            lr *= settings.lr_multiplier or 1.0
        steps = settings.first_steps if cycle == 1 and settings.first_steps else settings.steps
        total += _mean_lr(lr, settings.lr_end) * mu * steps
        mu = mu * settings.mu_multiplier if mu <= settings.mu_cap else mu
    return total / (1 - settings.momentum)


def _mean_lr(begin: float, end: float) -> float:
    """Return the mean of an exponential decay; `end` 0 keeps the rate."""
    return begin if end in {0, begin} else (begin - end) / math.log(begin / end)
