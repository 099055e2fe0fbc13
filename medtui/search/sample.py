"""What a search knows and wants: samples at densities."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One finished run as its search sees it; val alone."""

    density: float
    change: float
    """The metric less the reference's."""
    sigma: float
    """Standard error of `change`; 0 where it was not asked for."""
    is_probe: bool = False
    """Whether it ran fewer cycles than a model that may be chosen."""
    gain: float | None = None
    """How many times better than the reference by the objective; None where it was not measured."""
    gain_sigma: float = 0.0
    """Standard error of `gain`."""
    is_free: bool = False
    """Whether the grid asked for it, so that it costs the budget nothing."""


@dataclass(frozen=True)
class Wanted:
    """What to run next."""

    density: float
    is_probe: bool = False
