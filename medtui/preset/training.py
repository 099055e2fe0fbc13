"""The section on how the dense references are trained."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from medtui.preset.document import Many
from medtui.preset.seeds import Seed
from medtui.preset.toml import Document, Fault, all_differ, check, fault


class ReferenceSettings(Document):
    """How the dense reference is trained: SGD with Nesterov momentum and a cosine schedule."""

    epochs: int = Field(default=20, ge=1, le=10_000)
    """Passes over the train split."""
    batch_size: int = Field(default=128, ge=1, le=1_000_000)
    """Images in a step."""
    lr: float = Field(default=0.05, gt=0)
    """Peak learning rate, reached after a warm-up of one epoch."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Nesterov momentum."""
    weight_decay: float = Field(default=5e-4, ge=0)
    """L2 penalty of every parameter."""
    seeds: Many[Seed] = Field(default=(0,), min_length=1)
    """Seeds of initial weights, data order and augmentation: one reference is trained for each. The
    first is in the folder `reference`, that of seed 1 in `reference-s1`."""
    keep: Literal["last", "best"] = "last"
    """`last` keeps the last epoch, the end of the schedule; `best` that of the lowest val loss,
    which is an optimistic choice where val has few patients."""

    freeze_epochs: int = Field(default=0, ge=0, le=10_000)
    """First epochs in which the layer of the classes alone trains, after a start from `model.init`;
    BatchNorm's statistics follow the images from the first step."""

    @check("freeze_epochs", "epochs")
    def _something_trains_fully(self) -> Iterator[Fault]:
        if self.freeze_epochs > self.epochs:
            yield fault("freeze_epochs", f"is more than the {self.epochs} of reference.epochs")

    _seeds_differ = all_differ("seeds")

    @field_validator("seeds", mode="before")
    @classmethod
    def _one_seed_is_a_list(cls, value: object) -> object:
        """Return the list of one that a number means: presets of earlier versions have `seed`."""
        return [value] if isinstance(value, int) else value

    @property
    def seed(self) -> int:
        """Seed of the first reference, the only one in the preset of a run."""
        return self.seeds[0]
