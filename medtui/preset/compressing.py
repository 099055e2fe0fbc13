"""A preset's section on what compresses: the grid of schemes, densities and seeds."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from medtui.preset.cell import Cell
from medtui.preset.measuring import Density, Many
from medtui.preset.schemes import Scheme, named_schemes
from medtui.preset.toml import Document, fault


class CompressSettings(Document):
    """The grid: schemes x densities x seeds."""

    schemes: Many[str] = Field(default=("Prune",))
    """Names of shipped schemes, or of this preset's custom ones."""
    densities: Many[Density] = Field(default=(0.1,))
    """Shares of weights (or filters, neurons, blocks) kept."""
    seeds: Many[Annotated[int, Field(ge=0)]] = Field(default=(0,), min_length=1)
    """Seeds of data order and augmentation during compression."""
    omit: Many[str] = ()
    """Cells of the grid that are left out, by their runs' names: `prune-0.5`."""
    guard: Literal["on", "off"] = "on"
    """`off` is stock Condensa, as in the study: structured schemes may empty whole layers."""
    custom: Many[Scheme] = ()
    """Further schemes, composed freely from operators."""

    @model_validator(mode="after")
    def _grid_can_be_spanned(self) -> "CompressSettings":
        known = list(self.known_schemes())
        for name in self.schemes:
            self.check(name, at="schemes")
        lowered = [name.lower() for name in known]
        if "reference" in lowered or len(set(lowered)) < len(lowered):
            raise fault("custom", "names must differ from each other, the shipped, `reference`")
        for field in ("schemes", "densities", "seeds", "omit"):
            values = getattr(self, field)
            if len(set(values)) < len(values):
                raise fault(field, f"{list(values)} names a value twice")
        if not self.densities and any(self.scheme(name).takes_density for name in self.schemes):
            raise fault("densities", "empty, but a scheme takes a density; give one, like 0.1")
        return self

    @model_validator(mode="after")
    def _omitted_cells_exist(self) -> "CompressSettings":
        names = [cell.slug for cell in self.cells()] if self.omit else []
        for name in self.omit:
            if name not in names:
                cure = _did_you_mean(name, names)
                raise fault("omit", f"`{name}` is no run of the grid. {cure}")
        if self.omit and len(self.omit) == len(names):
            raise fault("omit", "leaves no run of the grid")
        return self

    def cells(self) -> list[Cell]:
        """Span schemes x densities x seeds; a scheme without density has one cell per seed."""
        return [
            Cell(scheme, density, seed)
            for scheme in map(self.scheme, self.schemes)
            for density in (self.densities if scheme.takes_density else (None,))
            for seed in self.seeds
        ]

    def known_schemes(self) -> dict[str, Scheme]:
        """Give every scheme this preset may name; its own come after the shipped ones."""
        return named_schemes() | {scheme.name: scheme for scheme in self.custom}

    def scheme(self, name: str) -> Scheme:
        """Give the scheme of that name."""
        return self.known_schemes()[name]

    def check(self, name: str, *, at: str) -> None:
        """Refuse a scheme that cannot be used here, named by the key `at`.

        Raises:
            PydanticCustomError: there is none of that name, or the guard that it needs is off.
        """
        known = list(self.known_schemes())
        if name not in known:
            raise fault(at, f"unknown scheme `{name}`. {_did_you_mean(name, known)}")
        if self.guard == "off" and self.scheme(name).is_grouped:
            raise fault(at, f'{name} groups channels, which guard = "off" knows nothing of')


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(known)}."
