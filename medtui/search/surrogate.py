"""Surrogate models of the metric and of the objective: Gaussian processes over log density."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.search.sample import Sample

Floats = NDArray[np.float64]

MAX_DEPTH = 6.0
"""Changes further below the bound, in tolerances, are clipped: how deep a collapse is says nothing
about where it begins."""

MAX_DEPTH_SIGMA = 1.5
"""Least standard error of a clipped sample, in tolerances; keeps the curve above it flat."""

ANCHOR_SIGMA = 0.25
"""Standard error of the anchor, no change at density 1, in tolerances."""

LOW_FIDELITY_SIGMA = 0.5
"""Standard error of a low-fidelity run as a full-fidelity one, after the shift, in tolerances."""

JITTER = 0.01
"""Least standard error of a sample, in tolerances; keeps the kernel matrix invertible."""

SHIFTS = np.linspace(0.0, 2.0, 21)
"""Candidates for the shift of low-fidelity runs, in natural logarithms of the density."""

_SHIFT_SIGMA = 0.7
"""Standard deviation of the shift's normal prior: about a factor of two in density."""

_VARIANCE = (9.0, (2.0, 100.0))
"""Initial value and bounds of the kernel's variance, in squared tolerances."""

_LENGTH = (1.0, (0.2, 4.0))
"""Initial value and bounds of the correlation length, in natural logarithms of the density."""

_RUN_TO_RUN_VARIANCE = (1e-2, (1e-5, 1.0))
"""Initial value and bounds of the run-to-run variance, in squared tolerances."""


@dataclass(frozen=True)
class Prediction:
    """Mean and standard deviation at some densities."""

    mean: Floats
    sigma: Floats

    def lower(self, sigmas: float) -> Floats:
        """Return the lower confidence bound, mean - sigmas * standard deviation."""
        lower: Floats = self.mean - sigmas * self.sigma
        return lower


def proof_probability(
    predicted: Prediction, error: float, *, bound: float, sigmas: float
) -> Floats:
    """Return the probability that one measurement raises the lower confidence bound above `bound`.

    A measurement with standard error s reduces the standard deviation from S to
    after = S * s / sqrt(S^2 + s^2), whatever its result. Its mean is unknown beforehand: normal
    around the predicted one with variance S^2 - after^2. So the probability that
    mean - sigmas * after exceeds `bound` is a value of the normal distribution function.
    """
    from scipy.stats import norm

    after = predicted.sigma * error / np.hypot(predicted.sigma, error)
    spread = np.sqrt(np.maximum(predicted.sigma**2 - after**2, 1e-18))
    margin = predicted.mean - sigmas * after - bound
    probability: Floats = norm.cdf(margin / spread)
    return probability


class ChangeSurrogate:
    """The metric's change by density, from full- and low-fidelity runs.

    A low-fidelity run counts as a full-fidelity run at a lower density d * exp(-shift), because
    less training shifts the curve. The shift with the highest posterior probability of 21
    candidates is used: marginal likelihood of the fit times a normal prior. It is 0 until there are
    runs of both kinds, which is conservative. This costs one fit of a Gaussian process per
    candidate.

    The process models the margin above the bound, in tolerances. Its prior mean 0 is the bound
    itself: without samples nearby, a density is as likely feasible as not.
    """

    def __init__(self, samples: Sequence[Sample], tolerance: float, *, is_anchored: bool) -> None:
        self._tolerance = tolerance
        self._samples = sorted(samples, key=lambda each: (each.is_low_fidelity, each.density))
        if is_anchored:
            self._samples.append(Sample(1.0, 0.0, ANCHOR_SIGMA * tolerance))
        kinds = {sample.is_low_fidelity for sample in samples}
        shifts = SHIFTS if len(kinds) > 1 else SHIFTS[:1]
        curves = [self._curve(shift) for shift in shifts]
        scores = [
            curve.log_likelihood - (shift / _SHIFT_SIGMA) ** 2 / 2
            for curve, shift in zip(curves, shifts, strict=True)
        ]
        best = int(np.argmax(scores))
        self.shift = float(shifts[best])
        """Logarithm of the factor by which the density of a low-fidelity run is reduced."""
        self._fitted = curves[best]
        self.run_to_run_std = self._fitted.run_to_run_std * tolerance
        """Standard deviation of runs that differ only in the randomness of training."""

    def at(self, densities: Floats, *, are_low_fidelity: bool = False) -> Prediction:
        """Return the predicted change at these densities, in the metric's unit."""
        margin = self._fitted.at(np.log(densities) - self.shift * are_low_fidelity)
        return Prediction((margin.mean - 1) * self._tolerance, margin.sigma * self._tolerance)

    def equivalent_density(self, sample: Sample) -> float:
        """Return the density of a full-fidelity run with the same metric."""
        return sample.density * math.exp(-self.shift * sample.is_low_fidelity)

    def error(self, sample: Sample) -> float:
        """Return the standard error of a sample: its own error and the run-to-run deviation."""
        return math.hypot(
            _own_error(sample, self._tolerance) * self._tolerance, self.run_to_run_std
        )

    def _curve(self, shift: float) -> "Curve":
        places = [np.log(each.density) - shift * each.is_low_fidelity for each in self._samples]
        margins = np.array([sample.change / self._tolerance + 1 for sample in self._samples])
        own_errors = np.array([_own_error(sample, self._tolerance) for sample in self._samples])
        errors = np.where(margins < -MAX_DEPTH, np.maximum(own_errors, MAX_DEPTH_SIGMA), own_errors)
        return Curve(np.array(places), np.maximum(margins, -MAX_DEPTH), errors)


def _own_error(sample: Sample, tolerance: float) -> float:
    """Return a sample's error as a full-fidelity run, in tolerances."""
    return math.hypot(sample.sigma / tolerance, LOW_FIDELITY_SIGMA * sample.is_low_fidelity)


class GainSurrogate:
    """The objective by density, higher is better; it does not depend on the fidelity."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        in_order = sorted(samples, key=lambda each: (each.is_low_fidelity, each.density))
        known = [sample for sample in in_order if sample.gain is not None]
        gains = np.array([sample.gain for sample in known], np.float64)
        self._middle = gains.mean()
        self._scale = gains.std() or 1.0
        self._fitted = Curve(
            np.log([sample.density for sample in known]),
            (gains - self._middle) / self._scale,
            np.array([sample.gain_sigma for sample in known]) / self._scale,
        )

    def at(self, densities: Floats) -> Prediction:
        """Return the predicted objective at these densities."""
        found = self._fitted.at(np.log(densities))
        return Prediction(found.mean * self._scale + self._middle, found.sigma * self._scale)


class Curve:
    """A Gaussian process with a Matern kernel and white noise, by scikit-learn.

    The kernel's parameters maximise the marginal likelihood from a fixed start, so that fits
    repeat. Runs that are trained again with other seeds differ by more than the bootstrap error of
    each. The white-noise term estimates this variance; predictions are of the curve without it.
    """

    def __init__(self, places: Floats, values: Floats, errors: Floats) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

        smooth = ConstantKernel(*_VARIANCE) * Matern(*_LENGTH, nu=2.5)
        kernel = smooth + WhiteKernel(*_RUN_TO_RUN_VARIANCE)
        noise = np.maximum(errors, JITTER) ** 2
        self._regressor = GaussianProcessRegressor(kernel, alpha=noise)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a bound that is reached is meant
            self._regressor.fit(places[:, None], values)

    @property
    def log_likelihood(self) -> float:
        """Log marginal likelihood of the values."""
        return float(self._regressor.log_marginal_likelihood_value_)

    @property
    def run_to_run_std(self) -> float:
        """Standard deviation from run to run."""
        return math.sqrt(self._regressor.kernel_.k2.noise_level)

    def at(self, places: Floats) -> Prediction:
        """Return the prediction at these places."""
        mean, sigma = self._regressor.predict(places[:, None], return_std=True)
        return Prediction(mean, np.sqrt(np.maximum(sigma**2 - self.run_to_run_std**2, 1e-12)))
