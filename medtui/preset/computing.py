"""The section on the arithmetic of a study."""

from typing import Literal

from medtui.preset.precision import FastPrecision
from medtui.preset.toml import Document

FAST_TEST_EVERY = 5
"""Cycles or epochs between evaluations of test in fast mode, where the preset states none."""


class ComputeSettings(Document):
    """How the networks of a study are computed."""

    mode: Literal["exact", "fast"] = "exact"
    """`fast` trains, recalibrates and evaluates every network in bfloat16 where that is faster,
    leaves out weights that no pixel reaches, and takes one thread; final numbers are float32's."""
    precision: FastPrecision | None = None
    """Number type of fast mode's products; None takes `MEDTUI_FAST_PRECISION`, else bfloat16 where
    some steps show on this hardware that it is faster, else float32."""
