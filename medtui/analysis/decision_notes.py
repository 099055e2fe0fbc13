"""How the answers behind a table's numbers were decided, in a sentence below it."""

from collections.abc import Iterable, Sequence

from medtui.analysis.run_record import RunRecord
from medtui.metrics import Metric


def decision_note(entries: Sequence[RunRecord], metrics: Iterable[Metric | None]) -> str:
    """Return how multi-label answers were decided, if a metric is of answers; else empty."""
    if not any(metric is not None and metric.is_decided for metric in metrics):
        return ""
    found = dict.fromkeys(entry.result.decisions for entry in entries if entry.result.decisions)
    if len(found) < 2:  # noqa: PLR2004 - one rule, or none
        return next(iter(found), "")
    names = {
        sentence: ", ".join(each.key for each in entries if each.result.decisions == sentence)
        for sentence in found
    }
    rules = " ".join(f"{names[sentence]}: {sentence}" for sentence in found)
    return f"The runs' answers were decided by different rules. {rules}"
