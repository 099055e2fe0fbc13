"""The section on what is evaluated, and how."""

from typing import Literal

from pydantic import Field, field_validator

from medtui.metrics.threshold_rule import wanted_sensitivity
from medtui.preset.measuring import DEFAULT_MARGIN
from medtui.preset.toml import Document


class EvaluateSettings(Document):
    """What is evaluated, and how often."""

    batch_size: int = Field(default=1024, ge=1, le=1_000_000)
    """Images evaluated at once."""
    test_every: int | None = Field(default=5, ge=1)
    """Test is evaluated at cycle 0, every so many cycles and last; nothing is chosen by it.
    None, of schema 1, is every cycle, in fast mode every fifth."""
    w_every: int = Field(default=5, ge=1)
    """L-C's w is evaluated on val as often, to be shown beside theta; nothing is chosen by it."""
    train_split: bool = False
    """Whether the train split is evaluated each cycle too, as stock Condensa does."""
    intervals: Literal["jackknife", "percentile"] = "jackknife"
    """How 95 % intervals are computed: by leaving out one patient after the other, or as quantiles
    of `bootstrap` resamples, which cover too little with few patients."""
    bootstrap: int = Field(default=1000, ge=0, le=100_000)
    """Resamples over patients behind each percentile interval; 0 leaves a result without intervals
    of its metrics. Changes between runs have theirs, by the jackknife."""

    thresholds: str = Field(default="prevalence", examples=["youden", "sensitivity=0.90"])
    """How a multi-label class's decision threshold is chosen on val, to be applied to test:
    "youden", "half", "f1", "prevalence" or "sensitivity=0.90" with any number between 0 and 1.
    "prevalence" answers a class as often as it occurs on val, "half" takes probability 0.5."""
    none_class: Literal["exclusive", "independent"] = "exclusive"
    """Whether the card's `none_class`, such as No Finding, is answered only where no class is that
    contradicts it, or by its own threshold alone."""
    margin: float = Field(default=DEFAULT_MARGIN, gt=0, lt=1)
    """Loss against the baseline that is accepted: a share (0.02 is 2 points), for AUROC in its own
    unit. Stated before the study; verdicts are relative to it."""
    sealed: bool = False
    """Whether test is neither evaluated nor shown until `medtui gate` opens it for a run, which it
    records in the study's ledger. `test_every` has no effect then."""

    @field_validator("thresholds")
    @classmethod
    def _rule_is_known(cls, value: str) -> str:
        wanted_sensitivity(value)
        return value
