"""The penalty budget: how strongly L-C's settings pull w to theta, known before training."""

import math

from medtui.preset import LcSettings

LOW_BUDGET = 3.0
"""Penalty budget below which w does not converge to theta."""


def penalty_budget(settings: LcSettings) -> float:
    """Return B = sum(lr * mu * steps) / (1 - momentum).

    Without a loss, the penalty would shrink w - theta by a factor of about exp(-B). Below
    `LOW_BUDGET` the result is close to direct compression.
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
    """Return the mean of an exponential decay from `begin` to `end`; 0 means no decay."""
    return begin if end in {0, begin} else (begin - end) / math.log(begin / end)
