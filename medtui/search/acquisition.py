"""Which density to run next, as a pure function of what has run; and which one to choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from medtui.preset import SearchSettings
from medtui.search.sample import Sample, Wanted
from medtui.search.surrogate import Belief, ChangePosterior, Floats, GainPosterior

NUM_CANDIDATES = 491
"""Densities considered, evenly over the logarithm; each is rounded to three digits."""

GAMMA = 0.66
"""Level-set UCB: weight of not knowing against that of being near the bound."""

UCB_SIGMAS = 2.0
"""Optimism about the objective in the second phase."""

SURE_SIGMAS = 3.0
"""So many standard errors below the bound, a density is given up with all that are smaller."""

COLLAPSE = 2.0
"""A run has collapsed where it surely is so many eps below the bound."""

CLOSE = 0.15
"""Share of the way from what is surely infeasible to the next sample that nothing is asked in."""

WORTHWHILE = 0.01
"""A search ends where one more run is expected to gain less than this share of the density."""

NEGLIGIBLE = 0.1
"""Share of eps below which the metric's error is not worth a Gaussian process."""


@dataclass(frozen=True)
class Search:
    """One scheme's search at one moment."""

    settings: SearchSettings
    samples: tuple[Sample, ...]
    """Finished, in any order."""
    has_probes: bool = False
    """Whether the first samples are cheap ones."""
    is_anchored: bool = True
    """Whether density 1 is the reference itself."""

    @cached_property
    def next(self) -> Wanted | None:
        """What to run; None where the budget is spent or nothing worthwhile is left."""
        if self.num_left <= 0:
            return None
        return self._bisect() if self.is_bisecting else self._ask_posterior()

    @cached_property
    def chosen(self) -> Sample | None:
        """The best feasible sample so far; None where none is known to be feasible."""
        feasible = [sample for sample in self.samples if self.is_feasible(sample)]
        whole = [sample for sample in feasible if not sample.is_probe]
        if self.settings.is_monotone:
            return min(whole, key=lambda sample: sample.density, default=None)
        timed = [sample for sample in whole if sample.gain is not None]
        return max(timed, key=lambda sample: sample.gain or 0.0, default=None)

    def is_feasible(self, sample: Sample) -> bool:
        """Tell whether a whole run at a sample's density stays within the bound, as far as known.

        Judged by the posterior there, and by the raw number alone only where that is as good as
        exact: of many noisy ones near the bound, the luckiest passes. Nor does a run pass that has
        itself lost more, whatever is believed of its density. Where it takes leaving out a
        collapse, a run must have proved it by its own number, too: its neighbours above do not
        know where a cliff begins.
        """
        if self.is_bisecting:
            return sample.change - self.settings.sigmas * sample.sigma >= self.bound
        has_lost = not sample.is_probe and sample.change < self.bound
        if has_lost or sample.density <= self._floor:
            return False
        place, sigmas = np.array([sample.density]), self.settings.sigmas
        if self._posterior.at(place).lower(sigmas)[0] >= self.bound:
            return True
        least = sample.change - sigmas * self._upper_posterior.error(sample)
        return bool(least >= self.bound and self.lower(place)[0] >= self.bound)

    @property
    def bound(self) -> float:
        """The largest change that is allowed; negative."""
        return -self.settings.eps

    @property
    def num_left(self) -> int:
        """How much of the budget is left."""
        return self.settings.budget - sum(not sample.is_free for sample in self.samples)

    @property
    def is_bisecting(self) -> bool:
        """Whether halving the interval does as well as any model of the curve."""
        settings = self.settings
        if settings.method != "auto":
            return settings.method == "bisection"
        largest = max((sample.sigma for sample in self.samples), default=0.0)
        is_exact = largest < NEGLIGIBLE * settings.eps
        return settings.is_monotone and not self.has_probes and is_exact

    def believe(self, densities: Floats) -> Belief:
        """Return what is believed of the metric's change, for whole runs at these densities.

        Collapsed runs are left out of it: a smooth curve would have to come down to them, and doubt
        the runs above that did not collapse. So it holds above `cliff` alone.
        """
        return self._upper_posterior.at(densities)

    @property
    def cliff(self) -> float:
        """The density below which nothing is believed but a collapse; 0 where none was found."""
        return 0.0 if self._upper_posterior is self._posterior else self._floor

    def lower(self, densities: Floats) -> Floats:
        """Return what the change is surely above of, for whole runs at these densities."""
        return self.believe(densities).lower(self.settings.sigmas)

    @cached_property
    def _posterior(self) -> ChangePosterior:
        """By all samples: asks where the bound is, between a collapse and what is feasible."""
        return self._posterior_of(self.samples)

    @cached_property
    def _upper_posterior(self) -> ChangePosterior:
        """Without the collapsed runs; probes stay, for the shift between them and whole runs."""
        kept = [each for each in self.samples if each.is_probe or not self._is_out(each, COLLAPSE)]
        is_same = len(kept) in {0, len(self.samples)}
        return self._posterior if is_same else self._posterior_of(kept)

    def _posterior_of(self, samples: Sequence[Sample]) -> ChangePosterior:
        return ChangePosterior(samples, self.settings.eps, is_anchored=self.is_anchored)

    def _is_out(self, sample: Sample, depth: float = 0.0) -> bool:
        """Tell whether a sample's own number is surely so many eps below the bound."""
        most = sample.change + SURE_SIGMAS * self._posterior.error(sample)
        return most < self.bound - depth * self.settings.eps

    @cached_property
    def candidates(self) -> Floats:
        """The densities that may be asked for, ascending."""
        low, high = self.settings.low, self.settings.high
        rounded = [float(f"{each:.3g}") for each in np.geomspace(low, high, NUM_CANDIDATES)]
        return np.unique(np.clip(rounded, low, high))

    def _ask_posterior(self) -> Wanted | None:
        if not self.samples:
            return Wanted(self._middle(self.settings.low, self.settings.high), self.has_probes)
        if self.num_left > self._num_settling:
            return self._pin(is_probe=self.has_probes and not self._is_calibration_due)
        return self._settle() if self.settings.is_monotone else self._maximise()

    @property
    def _num_settling(self) -> int:
        """How many samples are left for after the bound was pinned."""
        paid = [sample for sample in self.samples if not sample.is_free]
        is_early = self.has_probes and any(not sample.is_probe for sample in paid)
        return self.settings.num_settling - is_early

    @property
    def _is_calibration_due(self) -> bool:
        """Whether it is time for the first whole run, which tells how far from them probes are."""
        num_probes = sum(sample.is_probe for sample in self.samples)
        half = (self.settings.budget - self._num_settling) // 2
        return self.has_probes and num_probes == len(self.samples) and num_probes >= half

    def _pin(self, *, is_probe: bool) -> Wanted | None:
        """Level-set UCB: ask where the curve of whole runs is near the bound, or unknown."""
        unknown = self._posterior.at(self.candidates, are_probes=is_probe).sigma
        distance = np.abs(self._posterior.at(self.candidates).mean - self.bound)
        value = GAMMA * unknown - (1 - GAMMA) * distance
        is_open = self._are_open(is_probe=is_probe)
        if self.settings.is_monotone:
            is_open &= self.candidates < self._best
        return self._best_of(value, is_open, is_probe=is_probe)

    def _settle(self) -> Wanted | None:
        """Ask where a whole run is expected to lower the smallest feasible density the most."""
        belief, below = self._posterior.at(self.candidates), self.candidates < self._best
        gain = self._chance(belief) * np.log(self._best / self.candidates)
        is_open = self._are_open() & below
        if self.chosen is not None and not (gain[is_open] >= WORTHWHILE).any():
            return None
        return self._best_of(gain, is_open)

    def _maximise(self) -> Wanted | None:
        """UCB of the objective among the densities that are feasible already."""
        is_open = self._are_open()
        is_feasible = is_open & (self.lower(self.candidates) >= self.bound)
        if not is_feasible.any() or all(sample.gain is None for sample in self.samples):
            return self._best_of(self._chance(self._posterior.at(self.candidates)), is_open)
        gain = GainPosterior(self.samples).at(self.candidates)
        return self._best_of(gain.mean + UCB_SIGMAS * gain.sigma, is_feasible)

    def _chance(self, belief: Belief) -> Floats:
        """Return how likely one more whole run at each candidate proves it feasible.

        The run leaves the standard deviation that a second measurement leaves; what its mean will
        be is as uncertain as what it takes away.
        """
        from scipy.stats import norm

        whole = [sample for sample in self.samples if not sample.is_probe]
        error = float(np.median([sample.sigma for sample in whole or self.samples]))
        sigma = max(float(np.hypot(error, self._posterior.scatter)), 1e-3 * self.settings.eps)
        after = belief.sigma * sigma / np.hypot(belief.sigma, sigma)
        spread = np.sqrt(np.maximum(belief.sigma**2 - after**2, 1e-18))
        margin = belief.mean - self.settings.sigmas * after - self.bound
        chance: Floats = norm.cdf(margin / spread)
        return chance

    @property
    def _best(self) -> float:
        """The smallest density known to be feasible; where none is, nothing is to be given up."""
        return self.chosen.density if self.chosen else np.nextafter(self.settings.high, 2)

    @cached_property
    def _floor(self) -> float:
        """The largest surely infeasible density, by belief or a run's number; so is all below."""
        densities = np.array([sample.density for sample in self.samples])
        belief = self._posterior.at(densities)
        is_out = belief.mean + SURE_SIGMAS * belief.sigma < self.bound
        by_number = [
            self._posterior.whole_density(sample) for sample in self.samples if self._is_out(sample)
        ]
        return max(float(densities[is_out].max(initial=0.0)), *by_number, 0.0)

    @property
    def _least(self) -> float:
        """The floor, and what lies close above it: beside a collapse there is little to learn."""
        above = [each.density for each in self.samples if each.density > self._floor]
        nearest = min(above, default=self.settings.high)
        return self._floor * float((nearest / self._floor) ** CLOSE) if self._floor else 0.0

    def _are_open(self, *, is_probe: bool = False) -> NDArray[np.bool_]:
        """Tell which candidates may hold the answer and were not run yet."""
        taken = [sample.density for sample in self.samples if sample.is_probe == is_probe]
        return ~np.isin(self.candidates, taken) & (self.candidates > self._least)

    def _best_of(
        self, values: Floats, is_open: NDArray[np.bool_], *, is_probe: bool = False
    ) -> Wanted | None:
        if not is_open.any():
            return None
        place = np.argmax(np.where(is_open, values, -np.inf))
        return Wanted(float(self.candidates[place]), is_probe)

    def _bisect(self) -> Wanted | None:
        """Halve what lies between the largest infeasible density and the smallest feasible one."""
        whole = [sample for sample in self.samples if not sample.is_probe]
        passed = [sample.density for sample in whole if self.is_feasible(sample)]
        high = min(passed, default=self.settings.high)
        failed = [sample.density for sample in whole if not self.is_feasible(sample)]
        low = max((each for each in failed if each < high), default=self.settings.low)
        middle = self._middle(low, high)
        is_worthwhile = high / low > 1 + WORTHWHILE and middle not in {low, high}
        return Wanted(middle) if is_worthwhile else None

    @staticmethod
    def _middle(low: float, high: float) -> float:
        return float(f"{(low * high) ** 0.5:.3g}")
