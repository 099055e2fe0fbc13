"""The input and the output of a search: samples, and the next density to run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One finished run as a search uses it; evaluated on val only."""

    density: float
    change: float
    """The metric minus the reference's."""
    sigma: float
    """Standard error of `change`; 0 if it was not estimated."""
    is_low_fidelity: bool = False
    """Whether it ran fewer cycles than a run that may be chosen."""
    gain: float | None = None
    """The objective relative to the reference, higher is better; None if it was not measured."""
    gain_sigma: float = 0.0
    """Standard error of `gain`."""
    is_free: bool = False
    """Whether the preset's grid contains it, so that it does not count towards the budget."""


@dataclass(frozen=True)
class NextSample:
    """The density to run next."""

    density: float
    is_low_fidelity: bool = False
