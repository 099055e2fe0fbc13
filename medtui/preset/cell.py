"""A cell of a preset's grid, and the name of its run."""

from dataclasses import dataclass

from medtui.preset.schemes import SCRATCH, Scheme


@dataclass(frozen=True)
class Cell:
    """A run of the grid, a sample of a search, or the network that is trained from scratch."""

    scheme: Scheme
    """The scheme that compresses."""
    density: float | None
    """Density; None if the scheme takes none."""
    seed: int
    """Seed of the run's data order and augmentation."""
    reference_seed: int | None = None
    """Seed of the reference that is compressed; None for the study's first reference."""
    is_probe: bool = False
    """Whether it is a low-fidelity run: `search.probe_cycles` cycles instead of `lc.cycles`."""
    is_scratch: bool = False
    """Whether it trains a narrow network as the reference is trained, and compresses nothing."""

    @property
    def slug(self) -> str:
        """The run's folder name within its study: `prune-0.1`, `quantize16`, `prune-0.1-s3-r1`.

        `s3` is the seed of the compression, left out if 0; `r1` that of the reference, left out for
        the study's first.
        """
        if self.is_scratch:
            return SCRATCH
        parts = [self.scheme.name.lower()]
        if self.density is not None:
            parts.append(repr(self.density).replace("e-0", "e-"))
        if self.seed:
            parts.append(f"s{self.seed}")
        if self.reference_seed is not None:
            parts.append(f"r{self.reference_seed}")
        if self.is_probe:
            parts.append("probe")
        return "-".join(parts)
