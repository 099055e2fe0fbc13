"""How the seeds of references and of compressions combine into the repetitions of a grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Seed = Annotated[int, Field(ge=0)]

Combination = Literal["pairs", "product"]
"""`pairs` gives each reference one seed of compression; `product` gives it all of them."""


@dataclass(frozen=True)
class SeedPair:
    """The seeds of one repetition of the grid."""

    compress: int
    """Seed of the compression's data order and augmentation."""
    reference: int | None
    """Seed of the reference that is compressed; None for the first, whose folder has no suffix."""


def seed_pairs(
    reference: Sequence[int], compress: Sequence[int] | None, combine: Combination
) -> list[SeedPair]:
    """Return the repetitions, those of the first reference first.

    Without seeds of its own a compression has that of its reference. One seed is used for every
    partner; as many as partners are taken in order.
    """
    references = [None, *reference[1:]]
    seeds = reference if compress is None else compress
    if combine == "product":
        return [SeedPair(seed, each) for each in references for seed in seeds]
    if len(seeds) == 1:
        seeds = [*seeds] * len(references)
    if len(references) == 1:
        references *= len(seeds)
    return [SeedPair(seed, each) for seed, each in zip(seeds, references, strict=False)]


def can_pair(reference: Sequence[int], compress: Sequence[int] | None) -> bool:
    """Return whether seeds can be taken in pairs: as many of both, or one of either."""
    if compress is None:
        return True
    return 1 in (len(reference), len(compress)) or len(reference) == len(compress)
