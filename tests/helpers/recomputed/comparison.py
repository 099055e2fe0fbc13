"""What changed between two runs: predictions, metrics, classes, groups, patients, and verdicts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from tests.helpers.recomputed.answers import Answers, pair
from tests.helpers.recomputed.intervals import (
    FEWEST_PAIRED,
    PAIRED,
    Interval,
    degrees_of_freedom,
    lone_classes,
    paired,
    rare_kind,
)
from tests.helpers.recomputed.metrics import MULTI, SINGLE, metric
from tests.helpers.recomputed.run_files import RunFiles

FAMILY_ERROR = 0.05


@dataclass(frozen=True)
class Row:
    """A class or a group whose change is judged."""

    name: str
    change: Interval | None
    patients: np.ndarray
    """Patient of each image."""
    rarest: np.ndarray
    """Patient of each image of the rarest kind."""
    shortage: str
    """What is too few; empty where there is enough."""


def flips_of(before: Answers, after: Answers) -> dict[str, float]:
    """Return how many predictions changed: of images, or of image-class pairs."""
    if after.is_multi:
        known = after.known
        was, now, truth = before.answers[known], after.answers[known], after.labels[known]
        changed, was_right, is_right = was != now, was == truth, now == truth
    else:
        rows = after.labelled
        was, now, truth = (
            each[rows].argmax(axis=1) for each in (before.answers, after.answers, after.labels)
        )
        changed, was_right, is_right = was != now, was == truth, now == truth
    return {
        "num_answers": int(changed.size),
        "num_changed": int(changed.sum()),
        "num_lost": int((was_right & ~is_right).sum()),
        "num_gained": int((~was_right & is_right).sum()),
        "rate": float(changed.mean()) if changed.size else 0.0,
    }


def flips_of_runs(baseline: RunFiles, run: RunFiles, split: str) -> dict[str, float]:
    """Return how many predictions of a split changed between two runs."""
    return flips_of(*pair(baseline, run, split))


def changes_of(baseline: RunFiles, run: RunFiles, split: str = "test") -> dict[str, Interval]:
    """Return the paired change of each metric that has one."""
    before, after = pair(baseline, run, split)
    names = MULTI if after.is_multi else SINGLE
    found = {name: paired(before, after, name) for name in names if name in PAIRED}
    return {name: each for name, each in found.items() if each is not None}


def primary_of(run: RunFiles) -> str:
    """Return the metric that a run is judged by."""
    return "auroc" if run.arrays["test_labels"].ndim == 2 else "accuracy"


def margin_of(run: RunFiles) -> float:
    """Return the margin that the preset states, or the default."""
    return float(run.preset.get("evaluate", {}).get("margin", 0.02))


def verdict_of(change: Interval | None, margin: float, shortage: str = "") -> tuple[str, str]:
    """Return the state and the detail of a verdict by the interval alone."""
    if shortage:
        return "not shown", f"too few: {shortage}"
    if change is None:
        return "not shown", "undefined"
    if not change.has_ends:
        return "not shown", "too few patients for an interval"
    excludes = change.low > -margin
    if change.high < -margin:
        return "worse", "beyond the margin"
    if change.high < 0:
        return "worse", "within the margin" if excludes else "perhaps beyond the margin"
    if excludes:
        return "non-inferior", ""
    return "not shown", "no change in too few patients" if change.is_constant else ""


def overall_verdict(baseline: RunFiles, run: RunFiles, split: str = "test") -> tuple[str, str]:
    """Return the verdict on the primary metric."""
    before, after = pair(baseline, run, split)
    change = paired(before, after, primary_of(run))
    return verdict_of(change, margin_of(run), shortage_of(after, primary_of(run)))


def shortage_of(answers: Answers, name: str) -> str:
    """Return what is too little for a paired interval, as `4 patients`; else empty."""
    count = len(set(answers.patients.tolist()))
    noun = "image" if (answers.patients == answers.names).all() else "patient"
    if count < FEWEST_PAIRED:
        return _counted(count, noun)
    if rare := rare_kind(answers, name):
        kind = rare.split("s ")[0]
        found = (answers.labels[:, answers.judged[0]] == (kind == "positive")).sum()
        return _counted(int(found), kind)
    return f"1 {noun} of a class" if lone_classes(answers, name) else ""


def judged_rows(
    baseline: RunFiles, run: RunFiles, split: str = "test"
) -> tuple[list[Row], list[Row]]:
    """Return the classes, rarest first, and the groups of patients."""
    before, after = pair(baseline, run, split)
    classes = []
    for index, name in enumerate(after.classes):
        old, new = before.one_class(index), after.one_class(index)
        truth = new.labels[:, 0]
        with_it, without = new.patients[truth == 1], new.patients[truth == 0]
        judged_by = "auroc" if after.is_multi else "sensitivity"
        shortage = shortage_of(new, judged_by)
        rarest = min(with_it, without, key=len) if after.is_multi else with_it
        row = Row(name, paired(old, new, judged_by), new.patients, rarest, shortage)
        classes.append((len(with_it), row))
    ordered = [row for _, row in sorted(classes, key=lambda each: each[0])]
    return ordered, _groups(before, after, run)


def _groups(before: Answers, after: Answers, run: RunFiles) -> list[Row]:
    table = run.images[run.images["part"] == "test"].set_index("name")
    rows = []
    for kind in [each for each in table.columns if each not in ("patient", "part")]:
        values = table[kind].reindex(after.names).to_numpy()
        for value in sorted({each for each in values if isinstance(each, str)}, key=_lower_edge):
            chosen = np.flatnonzero(values == value)
            old, new = before.take(chosen), after.take(chosen)
            change = paired(old, new, primary_of(run))
            rows.append(
                Row(
                    f"{kind} {value}",
                    change,
                    new.patients,
                    new.patients,
                    shortage_of(new, primary_of(run)),
                )
            )
    return rows


def holm(rows: list[Row], margin: float) -> dict[str, tuple[str, str]]:
    """Return the verdict on each row, `worse` only where Holm's method confirms it.

    The p-values in ascending order are multiplied by the number of hypotheses not yet rejected;
    the first that exceeds 5 % ends the rejections.
    """
    judged = [row for row in rows if not row.shortage and row.change and row.change.has_ends]
    counted = [
        row
        for row in rows
        if not verdict_of(row.change, margin, row.shortage)[1].startswith("too few")
    ]
    chances = pd.Series({row.name: _chance(row) for row in judged}, dtype=float).sort_values(
        kind="stable"
    )
    factors = len(counted) - np.arange(len(chances))
    confirmed = np.maximum.accumulate(chances.to_numpy() * factors) <= FAMILY_ERROR
    lost = set(chances.index[confirmed])
    return {row.name: _with_holm(row, margin, is_lost=row.name in lost) for row in rows}


def _with_holm(row: Row, margin: float, *, is_lost: bool) -> tuple[str, str]:
    state, detail = verdict_of(row.change, margin, row.shortage)
    if detail.startswith("too few"):
        return "not judged", detail
    if state == "worse" and not is_lost:
        assert row.change is not None
        return ("non-inferior" if row.change.low > -margin else "not shown"), ""
    return state, detail


def _chance(row: Row) -> float:
    """Return the one-sided p-value of no loss."""
    assert row.change is not None
    reach = (row.change.high - row.change.low) / 2
    error = reach / t.ppf(0.975, degrees_of_freedom(row.patients))
    if not error > 0:
        return 0.0 if row.change.value < 0 and error == 0 else 1.0
    degrees = min(degrees_of_freedom(row.patients), degrees_of_freedom(row.rarest))
    return float(t.cdf(row.change.value / error, degrees))


def patient_table(baseline: RunFiles, run: RunFiles, split: str = "test") -> pd.DataFrame:
    """Return each patient's share of right answers before and after, the largest loss first."""
    before, after = pair(baseline, run, split)
    table = pd.DataFrame(
        {"patient": after.patients, "before": _right(before), "after": _right(after)}
    )
    table = (
        table.dropna()
        .groupby("patient", sort=False)
        .agg(images=("after", "size"), before=("before", "mean"), after=("after", "mean"))
        .reset_index()
    )
    table["change"] = (table["after"] - table["before"]).round(9)
    return table.sort_values(["change", "patient"], kind="stable", ignore_index=True)


def metrics_before_after(
    baseline: RunFiles, run: RunFiles, name: str, split: str = "test"
) -> tuple[float, float]:
    """Return a metric of baseline and run on the images that both have."""
    before, after = pair(baseline, run, split)
    return metric(before, name), metric(after, name)


def _right(answers: Answers) -> np.ndarray:
    is_right = (answers.answers == answers.labels) & answers.known
    if not answers.is_multi:
        return np.where(answers.labelled, is_right.all(axis=1), np.nan)
    counts = answers.known.sum(axis=1)
    return np.where(counts > 0, is_right.sum(axis=1) / np.maximum(1, counts), np.nan)


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def _lower_edge(value: str) -> tuple[float, Any]:
    edge = value.lstrip("<").partition("-")[0].rstrip("+")
    return (float(edge) - value.startswith("<"), value) if edge.isdigit() else (np.inf, value)
