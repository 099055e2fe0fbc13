"""A class at one decision threshold, as results store it. Loads no numpy."""

import msgspec


class OperatingPoint(msgspec.Struct, frozen=True):
    """A class's sensitivity and specificity on a split at one threshold."""

    on_val: float
    """The sensitivity that the threshold reaches on val, at least."""
    threshold: float
    """Probability."""
    sensitivity: float | None
    """On the split; differs from that on val. None where the split lacks the class."""
    specificity: float | None
