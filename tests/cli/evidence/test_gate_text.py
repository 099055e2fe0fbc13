"""What `medtui gate` prints of a record."""

from pathlib import Path

import pytest

from medtui.cli.evidence.gate_text import describe_gate
from medtui.evidence.gate import Gated
from medtui.evidence.gate_record import ClaimRecord, GateRecord
from medtui.runs.ledger_lines import LedgerLine


@pytest.mark.parametrize("metric", ["accuracy", "brier_score"])
def test_it_is_said_that_a_loss_is_negative_where_lower_is_better(metric: str) -> None:
    """A Brier score that rises from 0.10 to 0.13 has the change -0.03 beside these values."""
    claim = ClaimRecord(
        "all images", metric, 0.02, "not shown", "", 900, 30, 0.10, 0.13, -0.03, -0.05, -0.01, 0.02
    )
    record = GateRecord(
        "prune-0.1", "control", "release", "ab" * 32, "", "undecided", [claim], "All.", 1, []
    )
    line = LedgerLine(
        verb="gate", command=[], run="prune-0.1", split="test", inputs={}, results={},
        outcome="undecided", seq=0, time="", previous="", hash="cd" * 32,
    )  # fmt: skip
    text = describe_gate(Gated(record, Path("gates/one.json"), line))
    said = "A negative change is a loss, also of the Brier score, where lower is better."
    assert (said in text) == (metric == "brier_score")
