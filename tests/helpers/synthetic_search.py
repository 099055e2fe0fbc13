"""Synthetic searches: a metric that falls off a logistic curve below some density."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from medtui.preset import SearchSettings
from medtui.search.acquisition import Search
from medtui.search.sample import Sample, Wanted


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
    settings: SearchSettings, measure: Callable[[Wanted], Sample], *, has_probes: bool = False
) -> Search:
    """Run a search to its end."""
    search = Search(settings, (), has_probes=has_probes)
    while search.next is not None:
        sample = measure(search.next)
        search = Search(settings, (*search.samples, sample), has_probes=has_probes)
    return search


def measured(
    curve: Callable[[float], float],
    sigma: float,
    rng: np.random.Generator,
    *,
    scatter: float = 0.0,
    probe_factor: float = 1.0,
) -> Callable[[Wanted], Sample]:
    """Return a function that measures a curve with noise `sigma`.

    Probes need `probe_factor` times the density for the same metric;
    `scatter` is noise that the samples' standard errors do not include.
    """

    def measure(wanted: Wanted) -> Sample:
        noise = rng.normal(0, math.hypot(sigma, scatter)) if sigma or scatter else 0.0
        density = wanted.density / (probe_factor if wanted.is_probe else 1.0)
        return Sample(wanted.density, curve(density) + noise, sigma, wanted.is_probe)

    return measure
