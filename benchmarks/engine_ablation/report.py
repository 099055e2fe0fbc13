"""The plan of the ablation and its report. Imports no torch."""

from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

from medtui.errors import MedtuiError

MAX_CONTROL = 0.1
"""Difference of a variant from itself beyond which no table is printed."""


class Unsteady(MedtuiError):
    """The machine's speed changed during the measurement."""


class AblationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The work of every variant."""

    images: str = ""
    """Folder with class folders of PNGs; empty uses the demo's images."""
    architecture: str = "resnet18"
    """Name of a torchvision classifier."""
    rounds: Annotated[int, Meta(ge=1)] = 3
    """Each round runs the variants forwards, then backwards, so that drift affects all equally."""
    cycles: Annotated[int, Meta(ge=2)] = 4
    steps: Annotated[int, Meta(ge=1)] = 4
    """Minibatches of an L step."""
    batch_size: Annotated[int, Meta(ge=2)] = 128
    num_train: Annotated[int, Meta(ge=2)] = 768
    """Number of train images; val and test have a sixth of it each."""
    size: Annotated[int, Meta(ge=32)] = 32
    """Side of the images in pixels."""
    device: str = "auto"
    threads: Annotated[int, Meta(ge=1)] = 1
    """CPU threads of every variant; fast mode takes one alone."""
    workers: Annotated[int, Meta(ge=0)] = 0
    """Worker processes of stock's DataLoader; 0 loads in the training process."""
    variants: tuple[str, ...] = ()
    """Names of the variants to run; empty runs all that this machine supports."""

    @property
    def num_measured(self) -> int:
        """Number of val images, and of test images."""
        return max(2, self.num_train // 6)


class VariantResult(msgspec.Struct, frozen=True, kw_only=True):
    """One variant's work and times."""

    name: str
    what: str
    """What it adds to the previous variant."""
    num_updates: int
    num_trained: int
    """Number of images in forward and backward passes."""
    num_evaluated: int
    digest: str
    """Checksum of the trained w; equal in exact variants with the same batches."""
    wall_seconds: list[float]
    """In the order of measurement: forwards, backwards, forwards, ..."""
    cpu_seconds: list[float]
    """CPU time of this process and its children."""
    min_seconds: float
    """Duration of its convolutions and matrix products at the measured rate of a matrix product."""

    @property
    def wall(self) -> float:
        """Median seconds of wall time."""
        return median(self.wall_seconds)

    @property
    def cpu(self) -> float:
        """Median seconds of CPU time."""
        return median(self.cpu_seconds)

    @property
    def spread(self) -> float:
        """Half the range of the wall seconds, divided by their median."""
        return (max(self.wall_seconds) - min(self.wall_seconds)) / 2 / self.wall

    def seconds(self, device: str) -> list[float]:
        """Return the times that are compared: CPU seconds, which other processes change little."""
        return self.wall_seconds if device.startswith("cuda") else self.cpu_seconds


class AblationReport(msgspec.Struct, frozen=True, kw_only=True):
    """The results and the conditions of the measurement."""

    plan: AblationPlan
    conditions: dict[str, str]
    gflops: float
    """Rate of a float32 matrix product, measured between rounds."""
    copy_gb_per_second: float
    """Bytes read and written per second by a copy, measured between rounds."""
    train_mflop: float
    """Operations of one image in a forward and a backward pass."""
    evaluation_mflop: float
    """Operations of one image in a forward pass."""
    variants: list[VariantResult]
    notes: list[str]

    def variant(self, name: str) -> VariantResult | None:
        """Return the variant of that name; None if it did not run."""
        return next((variant for variant in self.variants if variant.name == name), None)

    def speed_up(self, variant: VariantResult, over: str) -> float | None:
        """Return how many times faster a variant is than variant `over`."""
        base = self.variant(over)
        return self._median(base) / self._median(variant) if base else None

    def share_of_peak(self, variant: VariantResult) -> float:
        """Return the least duration of a variant's products in its own."""
        return variant.min_seconds / self._median(variant)

    def _median(self, variant: VariantResult) -> float:
        return median(variant.seconds(self.device))

    @property
    def device(self) -> str:
        """The device's name: `cpu`, `cuda:0`."""
        return self.conditions["device"].partition(",")[0]

    def control(self) -> tuple[str, float] | None:
        """Return a variant and the ratio of its forward to its backward times, ideally 1."""
        variant = self.variant("A2") or (self.variants[0] if self.variants else None)
        if variant is None:
            return None
        seconds = variant.seconds(self.device)
        return variant.name, median(seconds[::2]) / median(seconds[1::2])

    def require_control(self) -> None:
        """Check that a variant against itself is within `MAX_CONTROL`.

        Raises:
            Unsteady: it is not.
        """
        control = self.control()
        if control and not 1 / (1 + MAX_CONTROL) <= control[1] <= 1 + MAX_CONTROL:
            raise Unsteady(
                f"{control[0]} against itself is {control[1]:.2f}: the machine was too unsteady "
                "for a comparison.",
                hint="Run it again on a quieter machine, or with more rounds.",
            )
