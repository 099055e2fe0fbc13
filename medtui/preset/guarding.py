"""The section of the guard: floors, ranking and what follows a projection."""

from typing import Literal

from pydantic import Field

from medtui.preset.document import Many
from medtui.preset.toml import Document


class GuardSettings(Document):
    """What keeps structured schemes from emptying layers; used where `compress.guard = "on"`."""

    normalise: Literal["layer-mean", "none"] = "layer-mean"
    """Rank a filter by its norm over its layer's mean norm, or by the norm itself."""
    floor_channels: int = Field(default=8, ge=0)
    """Filters every layer keeps at least."""
    floor_share: float = Field(default=0.05, ge=0, le=1)
    """Share of its filters every layer keeps at least."""
    floor_weights: float = Field(default=0.05, ge=0, le=1)
    """`Prune` keeps `floor_share` of the weights of each layer that `protect` names, and of the
    last one, but spends no more on one than this share of all kept weights; 0 is no floor."""
    protect: Many[str] = ("conv1", "*.downsample.*")
    """Shell patterns of dotted layer names that structured schemes leave whole. A scheme with
    `group` leaves coupled layers whole where the patterns name all of them."""
    unreachable: Literal["prune", "keep"] = "prune"
    """Whether weights that no pixel reaches at the size of the images (they only ever multiply
    padding) are removed first and count as removed, or are ranked like the others."""
    batchnorm_pull: Literal["all", "group"] = "all"
    """Which structured schemes also remove scale and shift of the BatchNorm behind a removed
    filter, so that the L step pulls them to zero: `all`, or those with `group` alone."""
    recalibrate_images: int = Field(default=512, ge=0, le=10_000_000)
    """Train images from which theta's BatchNorm statistics are measured anew; 0 keeps w's."""
    warmup_cycles: int = Field(default=0, ge=0, le=10_000)
    """Cycles over which the density comes down from 1 along a cubic."""
    finetune_epochs: int | None = Field(default=None, ge=0, le=10_000)
    """Epochs of training with the zeros held, after the last cycle. None is 1 for a density below
    0.1 and 0 for others; a control trains as long as the longest of its study's compressions."""
    finetune_network: Literal["shrunk", "whole"] = "shrunk"
    """What is trained then: the network without its empty filters, which has the same gradients and
    fewer operations, or the whole one. Without structured pruning it is the whole one."""
    finetune_lr: float = Field(default=0.01, gt=0)
    """Peak learning rate of that training, which falls to zero by its end."""
