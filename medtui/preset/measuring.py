"""A preset's sections on what happens beside and after the runs, and changes none of them."""

from typing import Annotated, Literal, TypeVar

from pydantic import Field, Strict

from medtui.preset.toml import Document

T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(strict=False)]
"""A TOML array, held as a tuple; its elements stay strict."""

Density = Annotated[float, Field(gt=0, le=1)]
"""A share kept."""


class ShrinkSettings(Document):
    """Whether compressed models are also stored without the channels that were emptied."""

    enabled: bool = False
    """Whether a run of structured pruning ends with it: weights and a manifest of channels, checked
    against the masked model on real images before they are written."""


class BenchSettings(Document):
    """How the finished models are timed: the reference and all others, interleaved."""

    enabled: bool = False
    """Whether a study ends with it; `medtui bench` measures at any time."""
    precisions: Many[Literal["float32", "tf32", "float16"]] = ("float32", "tf32", "float16")
    """What is computed in, each model in each; a CPU has float32 alone."""
    calls: int = Field(default=200, ge=20, le=100_000)
    """Timed calls at batch 1, behind the latency's percentiles."""
    rounds: int = Field(default=10, ge=3, le=1000)
    """Turns in which the models take turns; ratios and their spread are over rounds."""
    max_batch: int = Field(default=1024, ge=1, le=65_536)
    """Largest batch tried; the sweep ends before where throughput falls or memory ends."""
    seconds: float = Field(default=0.2, gt=0, le=60)
    """Least duration of one timing of throughput."""
    sustain_seconds: float = Field(default=5.0, ge=0, le=600)
    """How long each model runs at its best batch for mean memory and utilisation of the GPU."""
