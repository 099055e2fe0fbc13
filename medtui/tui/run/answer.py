"""The number that decides about a run: its difference from the control, with its interval.

While a run is live the difference is one of the model kept so far on val, on which that model was
chosen: it gets no verdict. Predictions are stored when a run has finished, so it has no interval.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from medtui.metrics import BESIDE_PRIMARY, Metric, reported_metrics
from medtui.monitor.run_view import RunView
from medtui.runs.run_names import is_control
from medtui.tui.run.metric_line import MetricLine
from medtui.units import SEALED, plural

if TYPE_CHECKING:
    from medtui.analysis.verdicts import Verdict
    from medtui.metrics.intervals import Difference
    from medtui.tui.run.details import Comparison


@dataclass(frozen=True)
class Answer:
    """What is known of a run, and on which split."""

    split: Literal["val", "test"]
    lines: tuple[MetricLine, ...]
    """The primary metric first."""
    against: str = ""
    """`control` or `reference`; empty where there is nothing to compare with."""
    verdict: "Verdict | None" = None
    margin: float | None = None
    num_patients: int = 0
    """Patients behind the difference; 0 while not known."""
    detectable: float | None = None
    """The smallest loss that these patients can tell from none."""
    from_reference: "Difference | None" = None
    note: str = ""
    """Why there is no interval, or no difference."""
    smaller: float | None = None
    """How often the sparse size fits into the reference's dense one; None while not known."""
    on_val: MetricLine | None = None
    """The change of the primary metric on val, by which runs are chosen, when it has finished."""
    val_verdict: "Verdict | None" = None
    is_final: bool = True
    """Whether the run has finished: no later cycle can replace the model that is kept."""

    @property
    def fallen(self) -> tuple[MetricLine, ...]:
        """Metrics beside the primary one whose whole interval is below no difference."""
        return tuple(
            line
            for line in self.lines
            if line.metric is not None
            and line.metric.name in BESIDE_PRIMARY
            and line.metric != self.primary.metric
            and line.high is not None
            and line.high < 0
        )

    @property
    def primary(self) -> MetricLine:
        """The primary metric."""
        return self.lines[0]

    @property
    def source(self) -> str:
        """Split and patients: `test · 29 patients`."""
        return (
            f"{self.split} · {plural(self.num_patients, 'patient')}"
            if self.num_patients
            else (f"{self.split}")
        )


def answer_of(view: RunView, found: "Comparison | None" = None) -> Answer:
    """Return what is known of a run so far, or of a finished one in the end."""
    if view.result is None or view.result.is_sealed:
        return _on_val(view)
    return _in_the_end(view, found)


def _on_val(view: RunView) -> Answer:
    """Return what is known of a live run, or of one whose test is sealed."""
    kept = view.best.val if view.best else {}
    if view.result is not None:
        kept = view.result.val.metrics
    against = "control" if view.control else "reference" if _may_use_reference(view) else ""
    other = view.control if against == "control" else view.reference if against else {}
    lines = []
    for metric in _metrics_of(view, kept):
        value, control = metric.of(kept), metric.of(other)
        lines.append(MetricLine(_label(metric), metric, value, control, _less(value, control)))
    value, control = kept.get("loss"), other.get("loss")
    lines.append(MetricLine("val loss", None, value, control, _less(value, control)))
    note = ""
    if view.result is not None:
        note = f"test is {SEALED}"
    elif not kept:
        note = "nothing was measured" if view.is_over else "nothing is measured yet"
    elif against:
        note = "interval when finished"
    elif view.row.has_control:
        note = "the control is not measured yet"
    elif view.stage == "reference":
        note = _others_compared_with(view)
    lines.sort(key=lambda line: _place_of(line, view.row.headline))
    is_final = view.result is not None
    return Answer("val", tuple(lines), against, margin=view.margin, note=note, is_final=is_final)


def _may_use_reference(view: RunView) -> bool:
    return bool(view.reference) and not view.row.has_control and view.stage != "reference"


def _in_the_end(view: RunView, found: "Comparison | None") -> Answer:
    assert view.result is not None
    differences = found.differences if found else None
    against = _baseline_word(view, found)
    lines = []
    for row in view.metrics:
        other = row.control if against == "control" else row.reference if against else None
        known = differences.by_metric.get(row.metric.name) if differences else None
        lines.append(_line_of(_label(row.metric), row.metric, known, row.test, other))
    lines += _loss_lines(view, found)
    lines.sort(key=lambda line: _place_of(line, view.row.headline))
    margin = view.margin
    verdict = None
    if differences is not None and margin is not None and against:
        verdict = differences.verdict(view.row.headline, margin)
    headline = differences.by_metric.get(view.row.headline.name) if differences else None
    on_val, val_verdict = _change_on_val(view, found)
    return Answer(
        "test",
        tuple(lines),
        against,
        verdict,
        margin,
        len(set(differences.patients)) if differences and differences.has_patients else 0,
        headline.detectable if headline and math.isfinite(headline.detectable) else None,
        _reference_change(view, differences),
        _note(view, found, against),
        found.smaller if found else None,
        on_val,
        val_verdict,
    )


def _loss_lines(view: RunView, found: "Comparison | None") -> list[MetricLine]:
    """Return the loss on test beside the baseline's; no line where it was not measured."""
    assert view.result is not None
    value = view.result.test.metrics.get("loss")
    if value is None:
        return []
    baseline = found.baseline if found else None
    other = baseline.result.test.metrics.get("loss") if baseline else None
    return [MetricLine("loss", None, value, other, _less(value, other))]


def _change_on_val(
    view: RunView, found: "Comparison | None"
) -> "tuple[MetricLine | None, Verdict | None]":
    """Return the change on val and its verdict; None where there is none."""
    metric, differences = view.row.headline, found.differences if found else None
    changes = differences.on_val if differences else None
    change = changes.by_metric.get(metric.name) if changes else None
    if changes is None or change is None or view.result is None:
        return None, None
    other = view.control or view.reference
    label = f"on val: {_SHORTEST.get(metric.name, metric.label)}{' %' * metric.is_share}"
    return (
        _line_of(label, metric, change, metric.of(view.result.val.metrics), metric.of(other)),
        changes.verdict(metric, view.margin) if view.margin is not None else None,
    )


def _line_of(
    label: str, metric: Metric, change: "Difference | None",
    value: float | None, control: float | None,
) -> MetricLine:  # fmt: skip
    """Return two values and their change; what was not paired has a change without an interval."""
    if change is None:
        return MetricLine(label, metric, value, control, _less(value, control))
    low, high = (change.low, change.high) if change.has_interval else (None, None)
    shortage = change.shortage.mark if change.shortage else ""
    return MetricLine(
        label, metric, value, control, change.value, low, high, shortage, change.has_bound
    )


def _others_compared_with(view: RunView) -> str:
    has_control = any(is_control(run.name) for run in view.study.runs)
    return "others: against the control" if has_control else "others are compared with it"


def _reference_change(view: RunView, differences: object) -> "Difference | None":
    other = getattr(differences, "from_reference", None)
    return other.by_metric.get(view.row.headline.name) if other is not None else None


def _note(view: RunView, found: "Comparison | None", against: str) -> str:
    if view.stage == "reference":
        return _others_compared_with(view)
    if found is None:
        return "computing the interval …" if against else ""
    return found.problem


def _baseline_word(view: RunView, found: "Comparison | None") -> str:
    if found is not None and found.baseline is not None:
        return "control" if found.baseline.folder.is_control else "reference"
    if any(row.control is not None for row in view.metrics):
        return "control"
    return "reference" if any(row.reference is not None for row in view.metrics) else ""


def _metrics_of(view: RunView, measured: dict[str, float | None]) -> list[Metric]:
    """Return the metrics to show, the primary one first, also before any was measured."""
    headline = view.row.headline
    others = [each for each in reported_metrics(view.row.task)
              if each.name in measured and each.name != headline.name]  # fmt: skip
    return [headline, *others]


_SHORT = {
    "balanced_accuracy": "bal. acc.", "average_precision": "av. precision",
    "calibration_error": "calib. error",
}  # fmt: skip
"""Names of metrics that are too long for the first column."""

_SHORTEST = {"accuracy": "acc"}
"""Names of primary metrics behind the name of their split."""


_PLACES = ("auroc", "sensitivity", "specificity", "loss", "calibration_error", "f1")
"""Metrics below the primary one, by what a reader asks for first; others follow."""


def _place_of(line: MetricLine, headline: Metric) -> int:
    name = line.metric.name if line.metric is not None else "loss"
    if name == headline.name:
        return -1
    return _PLACES.index(name) if name in _PLACES else len(_PLACES)


def _label(metric: Metric) -> str:
    label = _SHORT.get(metric.name, metric.label)
    return f"{label} %" if metric.is_share else label


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other
