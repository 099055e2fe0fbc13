"""Selection of the next density to run, and of the best run, as pure functions of the samples.

The metric's change f(d) by density d is modelled by a Gaussian process (`surrogate`). A density is
feasible if f(d) >= bound = -tolerance, up to `sigmas` standard errors. A search has two phases:

1. Find the bound. Level-set UCB selects the candidate that maximises
   GAMMA * sigma(d) - (1 - GAMMA) * |mean(d) - bound|: near the bound, or not known well. Most of
   these samples are low-fidelity runs with few cycles, if the preset allows them.
2. Use it, with full-fidelity runs only. If cost falls with the density (`is_monotone`), select the
   largest expected decrease of the lowest feasible density: log(best / d) times the probability
   that one more run proves d feasible. Otherwise maximise the objective's UCB over feasible d.

If the metric's error is negligible and all runs are full-fidelity, bisection needs no model and is
used instead. A decision costs a few fits of a Gaussian process to at most `budget` samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from medtui.preset import SearchSettings
from medtui.search.sample import NextSample, Sample
from medtui.search.surrogate import (
    ChangeSurrogate,
    Floats,
    GainSurrogate,
    Prediction,
    proof_probability,
)

NUM_CANDIDATES = 491
"""Number of densities considered, evenly spaced in the logarithm, rounded to three digits."""

GAMMA = 0.66
"""Weight of uncertainty against distance to the bound in level-set UCB."""

UCB_SIGMAS = 2.0
"""Standard deviations added to the objective's mean in the second phase."""

INFEASIBLE_SIGMAS = 3.0
"""A density this many standard errors below the bound is infeasible, as are all lower ones."""

COLLAPSE_DEPTH = 2.0
"""A run is collapsed if it is infeasible by this many tolerances more."""

MIN_DISTANCE = 0.15
"""Share of the distance (in logarithms) from the largest infeasible density to the next sample in
which no density is selected."""

MIN_GAIN = 0.01
"""A search ends when one more run is expected to lower the density by less than this share."""

NEGLIGIBLE_ERROR = 0.1
"""Share of the tolerance below which the metric's error counts as zero, and bisection suffices."""


@dataclass(frozen=True)
class Search:
    """The search of one scheme, for a given set of samples."""

    settings: SearchSettings
    samples: tuple[Sample, ...]
    """Finished runs, in any order."""
    has_low_fidelity: bool = False
    """Whether the first phase uses low-fidelity runs."""
    is_anchored: bool = True
    """Whether the model at density 1 equals the reference."""

    @cached_property
    def next(self) -> NextSample | None:
        """The next run; None if the budget is spent or no run is worthwhile."""
        if self.num_left <= 0:
            return None
        return self._next_by_bisection() if self.is_bisecting else self._next_by_surrogate()

    @cached_property
    def chosen(self) -> Sample | None:
        """The best feasible full-fidelity sample so far; None if there is none."""
        feasible = [sample for sample in self.samples if self.is_feasible(sample)]
        whole = [sample for sample in feasible if not sample.is_low_fidelity]
        if self.settings.is_monotone:
            return min(whole, key=lambda sample: sample.density, default=None)
        timed = [sample for sample in whole if sample.gain is not None]
        return max(timed, key=lambda sample: sample.gain or 0.0, default=None)

    def is_feasible(self, sample: Sample) -> bool:
        """Return whether a full-fidelity run at a sample's density is known to be within the bound.

        With bisection the sample's own number decides. Otherwise the surrogate's lower confidence
        bound does: of many noisy samples near the bound, some exceed it by chance. A run whose own
        metric is below the bound is never feasible. If feasibility relies on the fit that excludes
        collapsed runs, the run's own lower bound must be above it, too, since that fit does not
        know where the collapse begins.
        """
        if self.is_bisecting:
            return sample.change - self.settings.sigmas * sample.sigma >= self.bound
        has_lost = not sample.is_low_fidelity and sample.change < self.bound
        if has_lost or sample.density <= self._infeasible_limit:
            return False
        place, sigmas = np.array([sample.density]), self.settings.sigmas
        if self._surrogate.at(place).lower(sigmas)[0] >= self.bound:
            return True
        least = sample.change - sigmas * self._upper_surrogate.error(sample)
        return bool(least >= self.bound and self.lower(place)[0] >= self.bound)

    @property
    def bound(self) -> float:
        """Lowest allowed change of the metric; negative."""
        return -self.settings.eps

    @property
    def num_left(self) -> int:
        """Number of samples left in the budget."""
        return self.settings.budget - sum(not sample.is_free for sample in self.samples)

    @property
    def is_bisecting(self) -> bool:
        """Whether bisection is used instead of the Gaussian process."""
        settings = self.settings
        if settings.method != "auto":
            return settings.method == "bisection"
        largest = max((sample.sigma for sample in self.samples), default=0.0)
        is_exact = largest < NEGLIGIBLE_ERROR * settings.eps
        return settings.is_monotone and not self.has_low_fidelity and is_exact

    def predict(self, densities: Floats) -> Prediction:
        """Return the predicted change of the metric for full-fidelity runs.

        The fit excludes collapsed runs: a smooth curve through them would predict losses above the
        collapse as well. So it is valid above `cliff` only.
        """
        return self._upper_surrogate.at(densities)

    @property
    def cliff(self) -> float:
        """Density of the highest collapse, below which nothing is predicted; 0 if there is none."""
        return 0.0 if self._upper_surrogate is self._surrogate else self._infeasible_limit

    def lower(self, densities: Floats) -> Floats:
        """Return the lower confidence bound of the change, for full-fidelity runs."""
        return self.predict(densities).lower(self.settings.sigmas)

    @cached_property
    def _surrogate(self) -> ChangeSurrogate:
        """Fitted to all samples; locates the bound between a collapse and feasible densities."""
        return self._fit(self.samples)

    @cached_property
    def _upper_surrogate(self) -> ChangeSurrogate:
        """Fitted without collapsed full-fidelity runs; the others estimate the shift."""
        kept = [
            each
            for each in self.samples
            if each.is_low_fidelity or not self._is_infeasible(each, COLLAPSE_DEPTH)
        ]
        is_same = len(kept) in {0, len(self.samples)}
        return self._surrogate if is_same else self._fit(kept)

    def _fit(self, samples: Sequence[Sample]) -> ChangeSurrogate:
        return ChangeSurrogate(samples, self.settings.eps, is_anchored=self.is_anchored)

    def _is_infeasible(self, sample: Sample, depth: float = 0.0) -> bool:
        """Return whether a sample is surely below the bound by `depth` tolerances."""
        most = sample.change + INFEASIBLE_SIGMAS * self._surrogate.error(sample)
        return most < self.bound - depth * self.settings.eps

    @cached_property
    def candidates(self) -> Floats:
        """The densities that may be selected, ascending."""
        low, high = self.settings.low, self.settings.high
        rounded = [float(f"{each:.3g}") for each in np.geomspace(low, high, NUM_CANDIDATES)]
        return np.unique(np.clip(rounded, low, high))

    def _next_by_surrogate(self) -> NextSample | None:
        if not self.samples:
            return NextSample(
                self._middle(self.settings.low, self.settings.high), self.has_low_fidelity
            )
        if self.num_left > self._num_final:
            return self._find_bound(
                is_low_fidelity=self.has_low_fidelity and not self._is_calibration_due
            )
        return self._lower_density() if self.settings.is_monotone else self._improve_objective()

    @property
    def _num_final(self) -> int:
        """Number of samples reserved for the second phase."""
        paid = [sample for sample in self.samples if not sample.is_free]
        is_early = self.has_low_fidelity and any(not sample.is_low_fidelity for sample in paid)
        return self.settings.num_settling - is_early

    @property
    def _is_calibration_due(self) -> bool:
        """Whether a full-fidelity sample is due, to estimate the shift of low-fidelity runs."""
        num_probes = sum(sample.is_low_fidelity for sample in self.samples)
        half = (self.settings.budget - self._num_final) // 2
        return self.has_low_fidelity and num_probes == len(self.samples) and num_probes >= half

    def _find_bound(self, *, is_low_fidelity: bool) -> NextSample | None:
        """Select by level-set UCB: where full-fidelity runs are near the bound, or uncertain."""
        unknown = self._surrogate.at(self.candidates, are_low_fidelity=is_low_fidelity).sigma
        distance = np.abs(self._surrogate.at(self.candidates).mean - self.bound)
        value = GAMMA * unknown - (1 - GAMMA) * distance
        is_open = self._open_candidates(is_low_fidelity=is_low_fidelity)
        if self.settings.is_monotone:
            is_open &= self.candidates < self._lowest_feasible
        return self._argmax(value, is_open, is_low_fidelity=is_low_fidelity)

    def _lower_density(self) -> NextSample | None:
        """Select the largest expected decrease of the lowest feasible density."""
        predicted, below = (
            self._surrogate.at(self.candidates),
            self.candidates < self._lowest_feasible,
        )
        gain = self._proof_probability(predicted) * np.log(self._lowest_feasible / self.candidates)
        is_open = self._open_candidates() & below
        if self.chosen is not None and not (gain[is_open] >= MIN_GAIN).any():
            return None
        return self._argmax(gain, is_open)

    def _improve_objective(self) -> NextSample | None:
        """Select by UCB of the objective, among densities that are known to be feasible."""
        is_open = self._open_candidates()
        is_feasible = is_open & (self.lower(self.candidates) >= self.bound)
        if not is_feasible.any() or all(sample.gain is None for sample in self.samples):
            return self._argmax(
                self._proof_probability(self._surrogate.at(self.candidates)), is_open
            )
        gain = GainSurrogate(self.samples).at(self.candidates)
        return self._argmax(gain.mean + UCB_SIGMAS * gain.sigma, is_feasible)

    def _proof_probability(self, predicted: Prediction) -> Floats:
        """Return the probability that one more full-fidelity run proves each candidate feasible."""
        whole = [sample for sample in self.samples if not sample.is_low_fidelity]
        error = float(np.median([sample.sigma for sample in whole or self.samples]))
        error = float(np.hypot(error, self._surrogate.run_to_run_std))
        error = max(error, 1e-3 * self.settings.eps)  # exact metrics have none
        return proof_probability(predicted, error, bound=self.bound, sigmas=self.settings.sigmas)

    @property
    def _lowest_feasible(self) -> float:
        """The lowest feasible density; just above `high` if there is none."""
        return self.chosen.density if self.chosen else np.nextafter(self.settings.high, 2)

    @cached_property
    def _infeasible_limit(self) -> float:
        """The largest density that is surely infeasible, by the surrogate or a run's metric."""
        densities = np.array([sample.density for sample in self.samples])
        predicted = self._surrogate.at(densities)
        is_out = predicted.mean + INFEASIBLE_SIGMAS * predicted.sigma < self.bound
        by_number = [
            self._surrogate.equivalent_density(sample)
            for sample in self.samples
            if self._is_infeasible(sample)
        ]
        return max(float(densities[is_out].max(initial=0.0)), *by_number, 0.0)

    @property
    def _lowest_candidate(self) -> float:
        """Lower limit of candidates; a run close to a collapse has little information."""
        above = [each.density for each in self.samples if each.density > self._infeasible_limit]
        nearest = min(above, default=self.settings.high)
        return (
            self._infeasible_limit * float((nearest / self._infeasible_limit) ** MIN_DISTANCE)
            if self._infeasible_limit
            else 0.0
        )

    def _open_candidates(self, *, is_low_fidelity: bool = False) -> NDArray[np.bool_]:
        """Return a mask of the candidates that may be feasible and were not run yet."""
        taken = [
            sample.density for sample in self.samples if sample.is_low_fidelity == is_low_fidelity
        ]
        return ~np.isin(self.candidates, taken) & (self.candidates > self._lowest_candidate)

    def _argmax(
        self, values: Floats, is_open: NDArray[np.bool_], *, is_low_fidelity: bool = False
    ) -> NextSample | None:
        if not is_open.any():
            return None
        place = np.argmax(np.where(is_open, values, -np.inf))
        return NextSample(float(self.candidates[place]), is_low_fidelity)

    def _next_by_bisection(self) -> NextSample | None:
        """Select the geometric mean of the largest infeasible and the smallest feasible density."""
        whole = [sample for sample in self.samples if not sample.is_low_fidelity]
        passed = [sample.density for sample in whole if self.is_feasible(sample)]
        high = min(passed, default=self.settings.high)
        failed = [sample.density for sample in whole if not self.is_feasible(sample)]
        low = max((each for each in failed if each < high), default=self.settings.low)
        middle = self._middle(low, high)
        is_worthwhile = high / low > 1 + MIN_GAIN and middle not in {low, high}
        return NextSample(middle) if is_worthwhile else None

    @staticmethod
    def _middle(low: float, high: float) -> float:
        return float(f"{(low * high) ** 0.5:.3g}")
