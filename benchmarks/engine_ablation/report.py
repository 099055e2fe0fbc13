"""The plan that the ablation is given and the report that it returns. Imports no torch."""

from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta


class AblationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How much work every arm does."""

    images: str = ""
    """Folder of class folders of PNGs; empty writes PNGs of the demo's cells."""
    architecture: str = "resnet18"
    """A torchvision classifier's name."""
    rounds: Annotated[int, Meta(ge=1)] = 3
    """Each goes through the arms forwards, then backwards, so that drift falls on all alike."""
    cycles: Annotated[int, Meta(ge=2)] = 4
    steps: Annotated[int, Meta(ge=1)] = 4
    """Minibatches of an L step."""
    batch_size: Annotated[int, Meta(ge=2)] = 128
    num_train: Annotated[int, Meta(ge=2)] = 768
    """Images of train; val and test have a sixth of them each."""
    size: Annotated[int, Meta(ge=32)] = 32
    """Side of the images in pixels."""
    device: str = "auto"
    threads: Annotated[int, Meta(ge=0)] = 0
    """Of every arm; 0 takes all cores."""
    workers: Annotated[int, Meta(ge=0)] = 0
    """Processes of stock's DataLoader; 0 loads in the training process."""
    arms: tuple[str, ...] = ()
    """Names of the arms to run; empty runs all that this machine can."""

    @property
    def num_measured(self) -> int:
        """Images of val, and of test."""
        return max(2, self.num_train // 6)


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One variant: what it did, and how long it took each time."""

    name: str
    what: str
    """What it adds to the variant above."""
    num_updates: int
    num_trained: int
    """Images that went forward and backward."""
    num_evaluated: int
    digest: str
    """Of the trained w; equal in exact arms that were given the same batches."""
    wall_seconds: list[float]
    """In the order in which they were measured: forwards, backwards, forwards ..."""
    cpu_seconds: list[float]
    """Of this process and its children."""
    roof_seconds: float
    """What its convolutions and matrix products would take at the measured matrix-product rate."""

    @property
    def wall(self) -> float:
        """Median seconds by the clock."""
        return median(self.wall_seconds)

    @property
    def cpu(self) -> float:
        """Median seconds of processor time."""
        return median(self.cpu_seconds)

    @property
    def spread(self) -> float:
        """Half the range of the wall seconds over their median."""
        return (max(self.wall_seconds) - min(self.wall_seconds)) / 2 / self.wall


class AblationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, and under what conditions."""

    plan: AblationPlan
    conditions: dict[str, str]
    gflops: float
    """Of a float32 matrix product, measured between rounds."""
    copy_gb_per_second: float
    """Bytes read and written by a copy, likewise."""
    train_mflop: float
    """Multiplications and additions of one image forward and backward."""
    evaluation_mflop: float
    """Of one image forward."""
    arms: list[Arm]
    notes: list[str]

    def arm(self, name: str) -> Arm | None:
        """Return the arm of that name, if it ran."""
        return next((arm for arm in self.arms if arm.name == name), None)

    def speed_up(self, arm: Arm, over: str) -> float | None:
        """Return how many times faster than another arm one is, by the clock."""
        base = self.arm(over)
        return base.wall / arm.wall if base else None

    def control(self) -> tuple[str, float] | None:
        """Return an arm, and its time in forward slots over that in backward ones; ideally 1."""
        arm = self.arm("A2") or (self.arms[0] if self.arms else None)
        if arm is None:
            return None
        return arm.name, median(arm.wall_seconds[::2]) / median(arm.wall_seconds[1::2])
