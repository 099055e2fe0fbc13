"""Student's and the normal distribution, without `scipy.stats`, whose import takes a second."""

import math


def student_quantile(probability: float, degrees: float) -> float:
    """Return Student's quantile; with infinitely many degrees of freedom that of the normal."""
    from scipy.special import ndtri, stdtrit

    return float(stdtrit(degrees, probability) if math.isfinite(degrees) else ndtri(probability))


def student_share(value: float, degrees: float) -> float:
    """Return Student's probability of at most `value`."""
    from scipy.special import stdtr

    return float(stdtr(degrees, value))
