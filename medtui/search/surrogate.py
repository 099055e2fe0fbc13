"""What is believed of a curve between its samples: a Gaussian process over log density."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.search.sample import Sample

Floats = NDArray[np.float64]

FAR_BELOW = 6.0
"""Losses beyond so many eps below the bound count as that: how far a collapse goes says nothing
about where it begins."""

FAR_SIGMA = 1.5
"""And so loosely, in eps: a cliff is no reason to doubt the curve above it."""

ANCHOR_SIGMA = 0.25
"""How surely density 1 changes nothing, in eps."""

PROBE_SIGMA = 0.5
"""How far a probe may be from the whole runs' curve after the shift, in eps."""

JITTER = 0.01
"""Least standard error of a sample, in units of the curve; keeps the equations solvable."""

SHIFTS = np.linspace(0.0, 2.0, 21)
"""By how much probes may be worse, in natural logarithms of the density."""

_SHIFT_SIGMA = 0.7
"""Such a shift is expected to be within this, about a factor of two in density."""

_VARIANCE = (9.0, (2.0, 100.0))
"""Start and bounds of the kernel's variance, in units of the curve."""

_LENGTH = (1.0, (0.2, 4.0))
"""Start and bounds of its correlation length, in natural logarithms of the density."""

_SCATTER = (1e-2, (1e-5, 1.0))
"""Start and bounds of the variance from run to run, in squared units of the curve."""


@dataclass(frozen=True)
class Belief:
    """Mean and standard deviation at some densities."""

    mean: Floats
    sigma: Floats

    def lower(self, sigmas: float) -> Floats:
        """Return what the curve is above of, as sure as `sigmas` say."""
        lower: Floats = self.mean - sigmas * self.sigma
        return lower


class ChangePosterior:
    """The metric's change by density.

    A probe is taken for a whole run at a smaller density: less training shifts the curve. By how
    much is what makes probes and whole runs most likely together; until there are both, by nothing,
    which errs on the safe side.

    The curve is the margin above the bound, in eps. A Gaussian process is 0 where it knows nothing:
    as likely within the bound as not.
    """

    def __init__(self, samples: Sequence[Sample], eps: float, *, is_anchored: bool) -> None:
        self._eps = eps
        self._samples = sorted(samples, key=lambda each: (each.is_probe, each.density))
        if is_anchored:
            self._samples.append(Sample(1.0, 0.0, ANCHOR_SIGMA * eps))
        kinds = {sample.is_probe for sample in samples}
        shifts = SHIFTS if len(kinds) > 1 else SHIFTS[:1]
        curves = [self._curve(shift) for shift in shifts]
        scores = [
            curve.log_likelihood - (shift / _SHIFT_SIGMA) ** 2 / 2
            for curve, shift in zip(curves, shifts, strict=True)
        ]
        best = int(np.argmax(scores))
        self.shift = float(shifts[best])
        """How much smaller, in natural logarithms, a probe's density seems."""
        self._fitted = curves[best]
        self.scatter = self._fitted.scatter * eps
        """Standard deviation of runs that differ in nothing but the chances of training."""

    def at(self, densities: Floats, *, are_probes: bool = False) -> Belief:
        """Return the change at these densities, in the metric's unit."""
        margin = self._fitted.at(np.log(densities) - self.shift * are_probes)
        return Belief((margin.mean - 1) * self._eps, margin.sigma * self._eps)

    def whole_density(self, sample: Sample) -> float:
        """Return the density of a whole run that does as well as a sample."""
        return sample.density * math.exp(-self.shift * sample.is_probe)

    def error(self, sample: Sample) -> float:
        """Return how far off the curve a sample may be: its own error, and what runs scatter by."""
        return math.hypot(_own_error(sample, self._eps) * self._eps, self.scatter)

    def _curve(self, shift: float) -> "Curve":
        places = [np.log(each.density) - shift * each.is_probe for each in self._samples]
        margins = np.array([sample.change / self._eps + 1 for sample in self._samples])
        told = np.array([_own_error(sample, self._eps) for sample in self._samples])
        errors = np.where(margins < -FAR_BELOW, np.maximum(told, FAR_SIGMA), told)
        return Curve(np.array(places), np.maximum(margins, -FAR_BELOW), errors)


def _own_error(sample: Sample, eps: float) -> float:
    """Return a sample's error as a whole run's, in eps."""
    return math.hypot(sample.sigma / eps, PROBE_SIGMA * sample.is_probe)


class GainPosterior:
    """The objective by density, the higher the better; probes and whole runs are as fast."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        in_order = sorted(samples, key=lambda each: (each.is_probe, each.density))
        known = [sample for sample in in_order if sample.gain is not None]
        gains = np.array([sample.gain for sample in known], np.float64)
        self._middle = gains.mean()
        self._scale = gains.std() or 1.0
        self._fitted = Curve(
            np.log([sample.density for sample in known]),
            (gains - self._middle) / self._scale,
            np.array([sample.gain_sigma for sample in known]) / self._scale,
        )

    def at(self, densities: Floats) -> Belief:
        """Return the gain at these densities."""
        found = self._fitted.at(np.log(densities))
        return Belief(found.mean * self._scale + self._middle, found.sigma * self._scale)


class Curve:
    """scikit-learn's regressor; its kernel by marginal likelihood, from a fixed start.

    Trained again with other chances, a run comes out elsewhere by more than the images that it is
    measured on explain. So beside the samples' own errors there is white noise, as much of it as
    makes them likely; what is believed is the curve below that noise.
    """

    def __init__(self, places: Floats, values: Floats, errors: Floats) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

        smooth = ConstantKernel(*_VARIANCE) * Matern(*_LENGTH, nu=2.5)
        kernel = smooth + WhiteKernel(*_SCATTER)
        noise = np.maximum(errors, JITTER) ** 2
        self._regressor = GaussianProcessRegressor(kernel, alpha=noise)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a bound that is reached is meant
            self._regressor.fit(places[:, None], values)

    @property
    def log_likelihood(self) -> float:
        """How likely the values are."""
        return float(self._regressor.log_marginal_likelihood_value_)

    @property
    def scatter(self) -> float:
        """Standard deviation from run to run."""
        return math.sqrt(self._regressor.kernel_.k2.noise_level)

    def at(self, places: Floats) -> Belief:
        """Return what is believed at these places."""
        mean, sigma = self._regressor.predict(places[:, None], return_std=True)
        return Belief(mean, np.sqrt(np.maximum(sigma**2 - self.scatter**2, 1e-12)))
