"""The section of the grid: schemes, densities and seeds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field

from medtui.preset.cell import Cell
from medtui.preset.document import Many
from medtui.preset.measuring import Density
from medtui.preset.schemes import (
    CONTROL,
    SCRATCH,
    Scheme,
    Score,
    control_scheme,
    direct_schemes,
    named_schemes,
)
from medtui.preset.seeds import Combination, Seed, SeedPair
from medtui.preset.toml import Document, Fault, Location, all_differ, check, fault
from medtui.suggest import did_you_mean


class CompressSettings(Document):
    """The grid: schemes x densities x seeds."""

    schemes: Many[str] = Field(default=("Prune",))
    """Names of shipped schemes, or of this preset's custom ones."""
    densities: Many[Density] = Field(default=(0.1,))
    """Shares of weights (or filters, neurons, blocks) kept."""
    seeds: Many[Seed] | None = Field(default=None, min_length=1)
    """Seeds of data order and augmentation during compression; None takes those of the references
    that are compressed."""
    combine: Combination = "pairs"
    """How seeds combine with `reference.seeds`: in `pairs`, the first with the first and so on, or
    one with all; or as their full `product`."""
    omit: Many[str] = ()
    """Cells of the grid to leave out, by the names of their runs: `prune-0.5`."""
    control: bool = True
    """Whether a dense control is trained for each pair of seeds: the steps, fine-tuning and
    BatchNorm recalibration of a compression without its operator. Changes are shown against it."""
    scratch: bool = False
    """Whether a network with uniformly fewer channels, of as many parameters as the smallest
    compression keeps, is trained from scratch as the reference is. It runs after all others."""
    score: Score = "magnitude"
    """What `Prune` and structured schemes rank by. `synflow` keeps the paths from image to logits:
    chosen once, from the reference, and held. An operator's own `score` comes first."""
    guard: Literal["on", "off"] = "on"
    """`off` is stock Condensa, as in the study: structured schemes may empty whole layers."""
    custom: Many[Scheme] = ()
    """Further schemes, composed freely from operators."""

    @check("custom")
    def _custom_names_are_free(self) -> Iterator[Fault]:
        taken = {name.lower(): "a shipped scheme" for name in named_schemes()}
        for position, scheme in enumerate(self.custom):
            name = scheme.name.lower()
            if name in taken:
                yield fault(
                    ("custom", position, "name"),
                    f"`{scheme.name}` is taken by {taken[name]}; choose another name",
                )
            taken.setdefault(name, f"the custom scheme `{scheme.name}`")

    @check("custom", "control", "scratch")
    def _names_of_other_runs_are_free(self) -> Iterator[Fault]:
        taken = {CONTROL: "control"} if self.control else {}
        taken |= {SCRATCH: "network from scratch"} if self.scratch else {}
        for position, scheme in enumerate(self.custom):
            if what := taken.get(scheme.name.lower()):
                yield fault(
                    ("custom", position, "name"),
                    f"`{scheme.name}` is the name of the {what}; choose another name, or set "
                    f"{scheme.name.lower()} = false",
                )

    @check("schemes", "guard", "custom", "score")
    def _schemes_can_be_used(self) -> Iterator[Fault]:
        yield from self.faults_of(self.schemes, at=("schemes",))

    _schemes_differ = all_differ("schemes")
    _densities_differ = all_differ("densities")
    _seeds_differ = all_differ("seeds")
    _omitted_differ = all_differ("omit")

    @check("schemes", "densities", "custom")
    def _densities_are_given(self) -> Iterator[Fault]:
        if not self.densities and any(self.scheme(name).takes_density for name in self.schemes):
            yield fault("densities", "empty, but a scheme takes a density; give one, like 0.1")

    def cells(self, pairs: Sequence[SeedPair]) -> list[Cell]:
        """Span schemes x densities x pairs of seeds; a scheme may take no density."""
        return [
            Cell(scheme, density, pair.compress, pair.reference)
            for scheme in map(self.scheme, self.schemes)
            for density in (self.densities if scheme.takes_density else (None,))
            for pair in pairs
        ]

    def controls(self, pairs: Sequence[SeedPair]) -> list[Cell]:
        """Return the cells of the dense controls, one for each pair; none where it is off."""
        if not self.control or CONTROL in self.schemes:
            return []
        return [Cell(control_scheme(), None, pair.compress, pair.reference) for pair in pairs]

    def known_schemes(self) -> dict[str, Scheme]:
        """Return every scheme that a run can have: those of this preset, and the control's."""
        known = self._scored(direct_schemes()) | self.listed_schemes()
        is_taken = any(name.lower() == CONTROL for name in known)
        return known if is_taken else known | {CONTROL: control_scheme()}

    def listed_schemes(self) -> dict[str, Scheme]:
        """Return the schemes that forms list: all but the `...Direct` ones not named here."""
        direct = {name: each for name, each in direct_schemes().items() if name in self.schemes}
        custom = {scheme.name: scheme for scheme in self.custom}
        return self._scored(named_schemes() | direct | custom)

    def _scored(self, schemes: Mapping[str, Scheme]) -> dict[str, Scheme]:
        """Return the schemes with this preset's score where their operators name none."""
        return {name: scheme.scored_by(self.score) for name, scheme in schemes.items()}

    def scheme(self, name: str) -> Scheme:
        """Return the scheme of that name."""
        return self.known_schemes()[name]

    def faults_of(self, names: Sequence[str], *, at: Location) -> Iterator[Fault]:
        """Yield why schemes, named by the array at the key `at`, cannot be used here."""
        known = self.known_schemes()
        for position, name in enumerate(names):
            key = (*at, position)
            if name not in known:
                yield fault(key, f"unknown scheme `{name}`. {did_you_mean(name, known)}")
            elif (known[name].guard or self.guard) == "off" and known[name].is_grouped:
                yield fault(key, f'{name} groups channels, which requires guard = "on"')
            elif (known[name].guard or self.guard) == "off" and known[name].is_by_flow:
                yield fault(key, f'{name} ranks by "synflow", which requires guard = "on"')
