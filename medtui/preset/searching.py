"""A preset's section on the search for a density."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, field_validator

from medtui.preset.measuring import Density
from medtui.preset.toml import Document, Fault, all_differ, check, fault

Objective = Literal["size", "macs", "latency", "throughput", "memory"]
"""What the chosen density is best in."""

SearchMetric = Literal["accuracy", "balanced_accuracy", "auroc", "worst_class_auroc"]
"""The searchable rows of `medtui.metrics.registry`: a schema needs them as literals."""

MONOTONE: frozenset[Objective] = frozenset({"size", "macs"})
"""Objectives that only fall with the density; the others are timed on the machine."""


class SearchSettings(Document):
    """The best density whose val metric stays within `eps` of the reference's, scheme by scheme.

    Each sample is a run of the study. The test split is never used.
    """

    scheme: Annotated[tuple[str, ...], Strict(strict=False)] = Field(
        min_length=1, examples=[("Prune",)]
    )
    """Names of schemes that take a density; each is searched by itself."""
    metric: SearchMetric | None = None
    """Held on val; None takes what the study is judged by: AUROC where images have several labels,
    else accuracy. `auroc` is the mean over classes, `worst_class_auroc` the lowest of them."""
    eps: float = Field(default=0.01, gt=0, lt=1)
    """How much of the metric may be lost, in its own unit: 0.01 of accuracy is one point."""
    objective: Objective = "size"
    """`size` and `macs` want the smallest density; `latency`, `throughput` and `memory` are timed
    beside the reference, and the best one within the bound wins."""
    budget: int = Field(default=10, ge=3, le=100)
    """Samples of a scheme at most."""
    method: Literal["auto", "bisection", "gaussian-process"] = "auto"
    """`auto` bisects while the metric's error is negligible (below a tenth of `eps`), where there
    are no probes and the objective only falls with the density. Bisection takes no probes."""
    low: Density = 0.01
    """Smallest density considered."""
    high: Density = 1.0
    """Largest density considered."""
    probe_cycles: int = Field(default=5, ge=0)
    """Cycles of low-fidelity samples; 0, or not below `lc.cycles`, runs every sample in full."""
    finalists: int = Field(default=3, ge=1)
    """Samples at the end with all of `lc.cycles`; one of them is chosen."""
    sigmas: float = Field(default=1.64, ge=0, le=5)
    """Feasible is what lies above the bound by so many standard errors: 1.64 leaves one chance in
    twenty to err, 0 trusts the mean."""

    @field_validator("scheme", mode="before")
    @classmethod
    def _one_name_or_several(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        return (value,) if isinstance(value, str) else value

    def has_probes(self, num_cycles: int) -> bool:
        """Return whether there are samples cheaper than runs of `num_cycles` cycles."""
        return self.method != "bisection" and 0 < self.probe_cycles < num_cycles

    def num_probes(self, num_cycles: int) -> int:
        """Return the number of samples that are cheaper than runs of `num_cycles` cycles."""
        return self.budget - self.num_settling if self.has_probes(num_cycles) else 0

    @property
    def num_settling(self) -> int:
        """Number of samples that may be chosen at the end; half of all for a timed objective."""
        return self.finalists if self.is_monotone else self.budget // 2

    @property
    def is_monotone(self) -> bool:
        """Whether the smallest feasible density is the best one."""
        return self.objective in MONOTONE

    _schemes_differ = all_differ("scheme")

    @check("low", "high")
    def _range_is_ascending(self) -> Iterator[Fault]:
        if self.low >= self.high:
            key = "high" if "high" in self.model_fields_set else "low"
            yield fault(key, f"low = {self.low:g} must be below high = {self.high:g}")

    @check("objective", "finalists", "budget")
    def _samples_are_left(self) -> Iterator[Fault]:
        if self.is_monotone and self.finalists >= self.budget:
            yield fault(
                "finalists" if "finalists" in self.model_fields_set else "budget",
                f"finalists = {self.finalists} leaves none of the {self.budget} samples of the "
                "budget to find the bound with",
            )

    @check("method", "objective")
    def _method_fits(self) -> Iterator[Fault]:
        if self.method == "bisection" and not self.is_monotone:
            yield fault(
                "method",
                f'"bisection" needs an objective that only falls with the density, "size" or '
                f'"macs"; for "{self.objective}" take "gaussian-process"',
            )
