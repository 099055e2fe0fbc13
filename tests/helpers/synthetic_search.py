"""Synthetic searches: a metric that falls off a logistic curve below some density."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from medtui.preset import SearchSettings
from medtui.search.acquisition import Search
from medtui.search.sample import NextSample, Sample


@dataclass(frozen=True)
class Logistic:
    """A loss that grows from nothing to `depth` where the density falls below `middle`."""

    middle: float
    width: float
    """In natural logarithms of the density."""
    depth: float

    def __call__(self, density: float) -> float:
        """Return the metric's change at a density."""
        return -self.depth / (1 + math.exp(math.log(density / self.middle) / self.width))

    def limit(self, eps: float) -> float:
        """Return the smallest density that loses no more than `eps`."""
        return self.middle * math.exp(self.width * math.log(self.depth / eps - 1))


def draw_curve(rng: np.random.Generator, eps: float) -> Logistic:
    """Draw a curve whose limit lies well within the range of a search."""
    while True:
        curve = Logistic(
            math.exp(rng.uniform(math.log(0.02), math.log(0.5))),
            rng.uniform(0.12, 0.5),
            rng.uniform(0.2, 0.45),
        )
        if curve.limit(eps) < 0.9:
            return curve


def draw_cliff(rng: np.random.Generator) -> Logistic:
    """Draw a curve that falls from nothing to a collapse within a few hundredths of the density."""
    middle = math.exp(rng.uniform(math.log(0.1), math.log(0.5)))
    return Logistic(middle, 0.03, rng.uniform(0.1, 0.3))


def carry_out(
    settings: SearchSettings,
    measure: Callable[[NextSample], Sample],
    *,
    has_low_fidelity: bool = False,
) -> Search:
    """Run a search to its end."""
    search = Search(settings, (), has_low_fidelity=has_low_fidelity)
    while search.next is not None:
        sample = measure(search.next)
        search = Search(settings, (*search.samples, sample), has_low_fidelity=has_low_fidelity)
    return search


def measured(
    curve: Callable[[float], float],
    sigma: float,
    rng: np.random.Generator,
    *,
    scatter: float = 0.0,
    low_fidelity_factor: float = 1.0,
) -> Callable[[NextSample], Sample]:
    """Return a function that measures a curve with noise `sigma`.

    Probes need `low_fidelity_factor` times the density for the same metric;
    `scatter` is noise that the samples' standard errors do not include.
    """

    def measure(next_sample: NextSample) -> Sample:
        noise = rng.normal(0, math.hypot(sigma, scatter)) if sigma or scatter else 0.0
        density = next_sample.density / (
            low_fidelity_factor if next_sample.is_low_fidelity else 1.0
        )
        return Sample(
            next_sample.density, curve(density) + noise, sigma, next_sample.is_low_fidelity
        )

    return measure
