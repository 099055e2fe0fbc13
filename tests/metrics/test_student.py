"""Student's distribution without `scipy.stats`: the same bits."""

import math

import numpy as np
import pytest
from scipy.stats import norm, t

from medtui.metrics.student import student_quantile, student_share


@pytest.mark.parametrize("probability", [0.025, 0.8, 0.975])
def test_quantiles_and_shares_are_those_of_scipy_stats(probability: float) -> None:
    """Whole and fractional degrees of freedom; infinitely many are the normal distribution."""
    degrees = [1, 2, 5, 28, 1e4, *np.random.default_rng(0).uniform(1, 300, 50)]
    for each in map(float, degrees):
        quantile = student_quantile(probability, each)
        assert quantile == t.ppf(probability, each)
        assert student_share(quantile, each) == t.cdf(quantile, each)
    assert student_quantile(probability, math.inf) == norm.ppf(probability)
