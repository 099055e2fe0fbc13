"""Sections on shrinking and benchmarking, which change no result of a run."""

from typing import Annotated, Literal

from pydantic import Field

from medtui.preset.document import Many
from medtui.preset.toml import Document

Density = Annotated[float, Field(gt=0, le=1)]
"""Share of weights (or filters, neurons, blocks) that is kept."""

DEFAULT_MARGIN = 0.02
"""Loss that is accepted where a preset states none."""


class ShrinkSettings(Document):
    """Whether compressed models are also stored without their removed channels."""

    enabled: bool = False
    """Whether a run of structured pruning ends with it: weights and a manifest of channels, checked
    against the masked model on real images before they are written."""


class BenchSettings(Document):
    """How finished models are benchmarked: interleaved with the reference."""

    enabled: bool = False
    """Whether a study ends with a benchmark; `medtui bench` runs one at any time."""
    precisions: Many[Literal["float32", "tf32", "float16"]] = ("float32", "tf32", "float16")
    """Precisions that each model is measured in; on a CPU only float32."""
    calls: int = Field(default=200, ge=20, le=100_000)
    """Timed calls at batch 1, for the percentiles of the latency."""
    rounds: int = Field(default=10, ge=3, le=1000)
    """Rounds in which the models alternate; ratios and their spread are over rounds."""
    max_batch: int = Field(default=1024, ge=1, le=65_536)
    """Largest batch size; the sweep ends earlier if throughput falls or memory is exhausted."""
    seconds: float = Field(default=0.2, gt=0, le=60)
    """Least duration of one throughput measurement."""
    sustain_seconds: float = Field(default=5.0, ge=0, le=600)
    """Duration at the best batch size for mean memory and utilisation of the GPU."""
