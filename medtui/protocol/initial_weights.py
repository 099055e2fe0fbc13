"""What a network took from the file of `model.init`, told before a start and in the run's log."""

import msgspec

from medtui.units import plural

_MAX_NAMED = 4
"""Number of tensors that a sentence names."""


class InitialWeights(msgspec.Struct, frozen=True):
    """Tensors of a network that were loaded from a file, or not; counters are left out."""

    path: str
    sha256: str
    """Of the file."""
    num_loaded: int
    num_tensors: int
    """Tensors of the network."""
    new: list[str]
    """Tensors of the network that keep the random values of the reference's seed."""
    unused: list[str]
    """Tensors of the file that the network does not have, or does not take."""
    adapted: str
    """The first convolution and its channels, `conv1.weight: 3 to 1 channel`; else empty."""

    @property
    def sentence(self) -> str:
        """What was loaded, adapted, new and unused, in one line."""
        parts = [
            f"{self.num_loaded} of {plural(self.num_tensors, 'tensor')} loaded",
            self.adapted and f"adapted {self.adapted}",
            self.new and f"new {_first(self.new)}",
            self.unused and f"unused in the file {_first(self.unused)}",
        ]
        return "; ".join(part for part in parts if part)


def _first(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
