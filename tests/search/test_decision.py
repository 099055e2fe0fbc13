"""Searches of known curves, with and without noise, interrupted and continued."""

import itertools
import math
import random

import numpy as np
import pytest

from medtui.preset import SearchSettings
from medtui.search.acquisition import Search
from medtui.search.sample import NextSample, Sample
from tests.helpers.synthetic_search import Logistic, carry_out, draw_cliff, draw_curve, measured

NUM_CURVES = 12


def settings(**changed) -> SearchSettings:
    """Return settings of a search of Prune."""
    return SearchSettings(scheme=("Prune",), **changed)


@pytest.mark.parametrize("method", ["bisection", "gaussian-process"])
def test_an_exact_metric_gives_the_known_answer(method):
    """Ten samples come within 0.02 of the true density, never below it."""
    rng = np.random.default_rng(0)
    for _ in range(NUM_CURVES):
        curve = draw_curve(rng, 0.01)
        search = carry_out(settings(method=method), measured(curve, 0.0, rng))
        assert 0 <= search.chosen.density - curve.limit(0.01) < 0.02
        assert len(search.samples) <= 10


@pytest.mark.parametrize(("eps", "sigma"), [(0.01, 0.0025), (0.02, 0.005)])
def test_a_noisy_metric_never_passes_what_is_infeasible(eps, sigma):
    """The chosen density is truly within the bound, and close to it."""
    rng = np.random.default_rng(1)
    excess = []
    for _ in range(NUM_CURVES):
        curve = draw_curve(rng, eps)
        search = carry_out(settings(eps=eps), measured(curve, sigma, rng))
        assert not search.is_bisecting
        assert search.chosen is not None
        excess.append(search.chosen.density - curve.limit(eps))
    assert min(excess) >= 0
    assert np.mean(excess) < 0.05


def test_trusting_raw_numbers_passes_infeasible_densities():
    """Bisection of noisy numbers as if they were exact often chooses an infeasible density."""
    rng = np.random.default_rng(1)
    trusting = settings(eps=0.02, method="bisection", sigmas=0.0)
    num_wrong = 0
    for _ in range(NUM_CURVES):
        curve = draw_curve(rng, 0.02)
        chosen = carry_out(trusting, measured(curve, 0.005, rng)).chosen
        num_wrong += chosen is not None and chosen.density < curve.limit(0.02)
    assert num_wrong >= 3


def test_the_next_sample_is_a_function_of_the_finished_ones():
    """After any interruption, and for any order of samples, a search selects the same density."""
    rng = np.random.default_rng(2)
    curve = Logistic(0.1, 0.3, 0.4)
    whole = carry_out(settings(), measured(curve, 0.003, rng))
    for count, following in enumerate(whole.samples):
        known = list(whole.samples[:count])
        random.Random(count).shuffle(known)
        assert Search(settings(), tuple(known)).next == NextSample(following.density)


def test_probes_come_first_and_whole_runs_are_chosen():
    """Low-fidelity runs need twice the density; a full run half-way calibrates."""
    rng = np.random.default_rng(3)
    curve = Logistic(0.05, 0.3, 0.4)

    measure = measured(curve, 0.001, rng, low_fidelity_factor=2.0)
    search = carry_out(settings(), measure, has_low_fidelity=True)
    kinds = [sample.is_low_fidelity for sample in search.samples]
    assert kinds[:3] == [True, True, True]
    assert kinds.count(False) == 3
    assert not search.chosen.is_low_fidelity
    assert 0 <= search.chosen.density - curve.limit(0.01) < 0.15


def test_a_timed_objective_is_maximised_among_feasible_densities():
    """Throughput peaks at aligned channels, away from the lowest feasible density."""
    curve = Logistic(0.05, 0.3, 0.4)

    def measure(wanted: NextSample) -> Sample:
        peak = math.exp(-((math.log(wanted.density / 0.5) / 0.25) ** 2))
        return Sample(wanted.density, curve(wanted.density), 0.001, gain=1 + 2 * peak)

    search = carry_out(settings(objective="latency"), measure)
    assert search.chosen.density == pytest.approx(0.5, rel=0.15)
    assert search.chosen.density > 1.5 * curve.limit(0.01)
    assert len(search.samples) == 10


def test_nothing_is_chosen_where_nothing_is_feasible():
    """A scheme that loses too much everywhere ends early, without a density."""
    rng = np.random.default_rng(5)
    search = carry_out(settings(high=0.5), measured(lambda _: -0.2, 0.002, rng))
    assert search.chosen is None
    assert search.num_left > 0


def test_nothing_is_asked_for_below_what_is_surely_infeasible():
    """Densities below an infeasible one are not selected, however uncertain."""
    rng = np.random.default_rng(7)
    curve = Logistic(0.7, 0.1, 0.2)
    search = carry_out(settings(low=0.5, high=0.98), measured(curve, 0.02, rng))
    for count, sample in enumerate(search.samples):
        before = search.samples[:count]
        clearly_out = [each.density for each in before if each.change < -0.1]
        assert sample.density > max(clearly_out, default=0)


def test_the_grid_runs_of_a_study_cost_nothing():
    """Samples of the grid are known beforehand and do not reduce the budget."""
    curve = Logistic(0.1, 0.3, 0.4)
    free = tuple(
        Sample(density, curve(density), 0.001, is_free=True) for density in (0.05, 0.2, 0.8)
    )
    search = Search(settings(), free)
    assert search.num_left == 10
    assert 0.2 < search.next.density < 0.8


def test_no_density_is_asked_for_twice():
    """No density is selected twice: a run is reproducible."""
    rng = np.random.default_rng(6)
    search = carry_out(settings(budget=20), measured(Logistic(0.1, 0.3, 0.4), 0.004, rng))
    pairs = itertools.combinations([each.density for each in search.samples], 2)
    assert all(one != other for one, other in pairs)


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "scatter"), [(0.005, 0.0), (0.0025, 0.006)])
def test_many_noisy_curves(sigma, scatter):
    """With known or estimated error, at most one of twenty chosen densities is infeasible."""
    rng = np.random.default_rng(100)
    num_wrong = 0
    for _ in range(100):
        curve = draw_curve(rng, 0.02)
        measure = measured(curve, sigma, rng, scatter=scatter)
        chosen = carry_out(settings(eps=0.02), measure).chosen
        num_wrong += chosen is not None and chosen.density < curve.limit(0.02)
    assert num_wrong <= 5


def test_beside_a_cliff_luck_is_not_enough():
    """Good runs above a collapse neither make one at its edge feasible nor infeasible."""
    rng = np.random.default_rng(0)
    excess = []
    for _ in range(30):
        curve = draw_cliff(rng)
        measure = measured(curve, 0.003, rng, scatter=0.004)
        chosen = carry_out(settings(low=0.1, high=0.9), measure).chosen
        if chosen is not None:
            excess.append(chosen.density - curve.limit(0.01))
    assert len(excess) >= 29
    assert sum(each < 0 for each in excess) <= 1
    assert np.mean(excess) < 0.025


def test_nothing_is_believed_of_what_lies_below_a_cliff():
    """The prediction holds only above a collapse; without one it holds everywhere."""
    changes = {0.1: -0.3, 0.28: -0.13, 0.3: 0.001, 0.5: 0.0}
    samples = [Sample(density, change, 0.004) for density, change in changes.items()]
    assert Search(settings(low=0.1), tuple(samples)).cliff == 0.28
    assert Search(settings(low=0.1), tuple(samples[2:])).cliff == 0


def test_a_run_that_came_out_well_by_chance_is_not_chosen():
    """Runs vary by more than their own errors; the curve decides, not the luckiest run."""
    changes = {
        0.15: -0.04, 0.18: -0.021, 0.2: -0.004, 0.22: -0.017, 0.25: -0.012, 0.3: -0.008,
        0.36: -0.001, 0.45: -0.004,
    }  # fmt: skip
    samples = [Sample(density, change, 0.002) for density, change in changes.items()]
    search = Search(settings(eps=0.01, low=0.1), tuple(samples))
    assert not search.is_bisecting
    assert not search.is_feasible(samples[2])


def test_a_run_that_lost_more_than_was_allowed_is_not_chosen():
    """A run below the bound is not chosen, even if its density is predicted to be feasible."""
    changes = {0.2: -0.001, 0.25: -0.002, 0.3: -0.013, 0.35: -0.001, 0.4: 0.0}
    samples = [Sample(density, change, 0.004) for density, change in changes.items()]
    search = Search(settings(eps=0.01, low=0.1), tuple(samples))
    assert search.lower(np.array([0.3]))[0] >= search.bound
    assert [search.is_feasible(sample) for sample in samples] == [True, True, False, True, True]
