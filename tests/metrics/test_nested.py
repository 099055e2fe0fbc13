"""Intervals over seeds and patients of a mean over repetitions."""

import math

import numpy as np
import pytest

from medtui.metrics.jackknife import Jackknife
from medtui.metrics.nested import Nested, nested_of

PATIENTS = [f"P{number}" for number in range(12)]


def drawn(num_seeds: int, seeds: float, rng: np.random.Generator) -> Nested:
    """Return a mean over seeds and patients whose true value is 0.8."""
    values_SP = 0.8 + rng.normal(0, seeds, (num_seeds, 1)) + rng.normal(0, 0.1, 12)
    forms = [[lambda draws, row=row: row @ draws.counts_PB / draws.counts_PB.sum(axis=0)]
             for row in values_SP]  # fmt: skip
    found = nested_of(forms, PATIENTS)
    assert found is not None
    return found


def test_without_spread_between_seeds_it_is_the_jackknife_over_patients():
    """Repetitions that agree add nothing to the variance."""
    found = drawn(3, 0.0, np.random.default_rng(0))
    alone = Jackknife(found.value, found.replicates_SB.mean(axis=0), found.num_effective)
    assert found.interval() == pytest.approx(alone.interval())
    assert found.interval_of_share() == pytest.approx(alone.interval_of_share(), abs=1e-4)
    assert found.normal_error == pytest.approx(alone.normal_error)
    assert found.detectable == pytest.approx(alone.detectable)


def test_intervals_over_three_seeds_cover_where_those_over_patients_do_not():
    """Where seeds differ as much as patients, an interval over patients covers half."""
    rng, num_studies = np.random.default_rng(1), 300
    both = patients = 0
    for _ in range(num_studies):
        found = drawn(3, 0.1, rng)
        low, high = found.interval()
        both += low <= 0.8 <= high
        alone = Jackknife(found.value, found.replicates_SB.mean(axis=0), found.num_effective)
        low, high = alone.interval()
        patients += low <= 0.8 <= high
    error = math.sqrt(0.93 * 0.07 / num_studies)
    assert both / num_studies >= 0.93 - 2 * error
    assert patients / num_studies < 0.8


def test_too_few_seeds_are_told():
    """Two values have no spread to speak of; an undefined repetition leaves nothing."""
    rng = np.random.default_rng(2)
    assert not drawn(2, 0.1, rng).is_enough
    assert drawn(3, 0.1, rng).is_enough
    undefined = [[lambda draws: np.full(draws.counts_PB.shape[1], math.nan)]] * 3
    assert nested_of(undefined, PATIENTS) is None


def test_shares_stay_within_their_bounds():
    """Also where seeds differ widely, and where a repetition is at a bound."""
    values_S = np.array([0.99, 0.999, 0.9])
    wide = Nested(values_S, np.repeat(values_S[:, None], 5, axis=1), 5.0)
    low, high = wide.interval_of_share()
    assert 0 < low < wide.value < high < 1
    at_bound = Nested(np.array([1.0, 0.9, 0.95]), np.ones((3, 5)) * 0.95, 5.0)
    assert at_bound.interval_of_share()[1] == 1.0
