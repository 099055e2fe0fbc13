"""The tables of comparisons and reports, recomputed: a header, and rows of texts."""

import numpy as np

from tests.helpers.recomputed.answers import answers_of, pair
from tests.helpers.recomputed.class_calibration import calibration_of
from tests.helpers.recomputed.comparison import (
    flips_of,
    holm,
    judged_rows,
    margin_of,
    metrics_before_after,
    overall_verdict,
    patient_table,
    primary_of,
)
from tests.helpers.recomputed.intervals import paired
from tests.helpers.recomputed.metrics import metric
from tests.helpers.recomputed.run_files import RunFiles
from tests.helpers.recomputed.texts import (
    LABELS,
    MINUS,
    Rows,
    change,
    count,
    label,
    percent,
    shown,
    signed,
)

NUM_WORST = 12


def positive_of(run: RunFiles) -> str | None:
    """Return the positive class of two; None elsewhere."""
    answers = answers_of(run, "test")
    is_binary = not answers.is_multi and len(answers.classes) == 2
    return answers.classes[answers.judged[0]] if is_binary else None


def verdict_text(verdict: tuple[str, str]) -> str:
    """Return a verdict in words."""
    state, detail = verdict
    if state == "not judged":
        return detail
    text = f"{state}, {detail}" if detail else state
    return f"✗ {text}" if state == "worse" else text


def changed_predictions(runs: list[RunFiles]) -> Rows:
    """Return how many predictions changed, and the change of the primary metric."""
    name = primary_of(runs[0])
    rows = [[
        "run", "changed predictions", "right to wrong", "wrong to right", f"{LABELS[name]} before",
        "after", "change", "overall verdict",
    ]]  # fmt: skip
    for run in compared(runs):
        baseline = run.baseline
        flips = flips_of(*pair(baseline, run, "test"))
        before, after = metrics_before_after(baseline, run, name)
        rows.append([
            run.key, percent(flips["rate"]), count(flips["num_lost"]), count(flips["num_gained"]),
            shown(name, before), shown(name, after),
            change(name, paired(*pair(baseline, run, "test"), name)),
            verdict_text(overall_verdict(baseline, run)).removeprefix("✗ "),
        ])  # fmt: skip
    return rows


def calibration_errors(runs: list[RunFiles]) -> Rows:
    """Return the calibration error before and after."""
    rows = [["run", "before", "after"]]
    for run in compared(runs):
        errors = metrics_before_after(run.baseline, run, "calibration_error")
        rows.append([run.key, *(shown("calibration_error", each) for each in errors)])
    return rows


def class_calibrations(run: RunFiles) -> Rows:
    """Return slope and intercept of each class's probabilities before and after."""
    before, after = map(calibration_of, pair(run.baseline, run, "test"))
    rows = [["class", "slope before", "slope after", "intercept before", "intercept after"]]
    for name in after:
        cells = [
            with_ends(each[name][what], each[name][f"{what}_interval"])
            for what in ("slope", "intercept") for each in (before, after)
        ]  # fmt: skip
        rows.append([name, *cells])
    return rows


def with_ends(value: float | None, ends: list[float] | None, digits: int = 2) -> str:
    """Return a number with its interval."""
    if value is None:
        return "—"
    text = f"{value:.{digits}f}"
    if ends is None:
        return text
    return f"{text} [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]".replace("-", MINUS)


def class_changes(run: RunFiles) -> Rows:
    """Return the changes of each class, rarest first."""
    before, after = pair(run.baseline, run, "test")
    judged = "auroc" if after.is_multi else "sensitivity"
    names = list(dict.fromkeys([judged, "auroc", "average_precision"]))
    rows = [["class", "images"]]
    for name in names:
        rows[0] += [f"{LABELS[name]} after", "change"]
    rows[0].append("verdict")
    verdicts = _verdicts(run)
    for row in judged_rows(run.baseline, run)[0]:
        index = after.classes.index(row.name)
        old, new = before.one_class(index), after.one_class(index)
        cells = [row.name, count((new.labels == 1).sum())]
        for name in names:
            found = paired(old, new, name)
            cells += [shown(name, metric(new, name)), change(name, found) or "undefined"]
        rows.append([*cells, verdict_text(verdicts[row.name])])
    return rows


def group_changes(run: RunFiles) -> Rows:
    """Return the change of the primary metric in each group of patients."""
    name = primary_of(run)
    before, after = pair(run.baseline, run, "test")
    table = run.images[run.images["part"] == "test"].set_index("name").reindex(after.names)
    rows = [[
        "attribute", "group", "images", "patients", f"{LABELS[name]} before", "after", "change",
        "verdict",
    ]]  # fmt: skip
    verdicts = _verdicts(run)
    for row in judged_rows(run.baseline, run)[1]:
        kind, _, value = row.name.partition(" ")
        chosen = np.flatnonzero((table[kind] == value).to_numpy())
        old, new = before.take(chosen), after.take(chosen)
        patients = (
            count(len(set(new.patients.tolist()))) if run.result["has_patients"] else "unknown"
        )
        rows.append([
            kind, value, count(len(chosen)), patients, shown(name, metric(old, name)),
            shown(name, metric(new, name)), change(name, row.change) or "undefined",
            verdict_text(verdicts[row.name]),
        ])  # fmt: skip
    return rows


def patients_of(run: RunFiles, most: int | None = None) -> Rows:
    """Return each patient's share of right answers, the largest loss first, and their mean."""
    table = patient_table(run.baseline, run)
    rows = [["patient", "images", "right before", "right after", "change"]]
    for each in table.head(most if most is not None else len(table)).itertuples():
        shares = percent(each.before), percent(each.after)
        rows.append([each.patient, count(each.images), *shares, signed(100 * each.change, 1)])
    num_images = len(pair(run.baseline, run, "test")[1].names)
    before, after = table["before"].mean(), table["after"].mean()
    rows.append([
        "mean over patients", count(num_images), percent(before), percent(after),
        signed(100 * (after - before), 1),
    ])  # fmt: skip
    return rows


def largest_changes(run: RunFiles, most: int = 12) -> Rows:
    """Return the images whose probabilities changed most."""
    before, after = pair(run.baseline, run, "test")
    judged = list(after.judged)
    moved = np.abs(after.probabilities - before.probabilities)[:, judged]
    rows = [[
        "image", "patient", "labels", "class", "probability before", "after", "prediction",
    ]]  # fmt: skip
    for row in np.argsort(-moved.max(axis=1), kind="stable")[:most]:
        index = judged[int(moved[row].argmax())]
        present = [name for at, name in enumerate(after.classes) if after.labels[row, at] == 1]
        is_changed = before.answers[row, index] != after.answers[row, index]
        rows.append([
            str(after.names[row]), str(after.patients[row]), ", ".join(present) or "none",
            after.classes[index], f"{before.probabilities[row, index]:.2f}",
            f"{after.probabilities[row, index]:.2f}", "changed" if is_changed else "same",
        ])  # fmt: skip
    return rows


def metric_by_class(runs: list[RunFiles], name: str) -> Rows:
    """Return a metric of each class in each run, rarest class first."""
    found = [answers_of(run, "test") for run in runs]
    rows = []
    for index, each in enumerate(found[0].classes):
        truth = found[-1].labels[:, index]
        prevalence = float(np.nanmean(truth))
        values = [metric(answers.one_class(index), name) for answers in found]
        rows.append((prevalence, [each, percent(prevalence), *(shown(name, it) for it in values)]))
    ordered = [cells for _, cells in sorted(rows, key=lambda each: each[0])]
    positive = positive_of(runs[0])
    whole = f"all, for {positive}" if positive and name == "sensitivity" else "all"
    values = [shown(name, metric(answers, name)) for answers in found]
    return [["class", "prevalence", *(run.name for run in runs)], *ordered, [whole, "", *values]]


def layer_densities(runs: list[RunFiles]) -> Rows:
    """Return the density of each layer in each run, from the stored weights."""
    names = [
        name.removesuffix(".weight") for name, each in runs[0].tensors.items()
        if name.endswith(".weight") and each.ndim in (2, 4)
    ]  # fmt: skip
    rows = []
    for name in names:
        weights = [run.tensors[f"{name}.weight"] for run in runs]
        shares = [np.count_nonzero(each) / each.size for each in weights]
        rows.append([name, *(percent(share) if share else "collapsed" for share in shares)])
    return [["layer", *(run.name for run in runs)], *rows]


def all_metrics(runs: list[RunFiles]) -> Rows:
    """Return the report's table of metrics."""
    beside = ["exact_match", "accuracy"] if primary_of(runs[0]) == "auroc" else ["auroc"]
    names = [primary_of(runs[0]), *beside, "sensitivity", "specificity", "calibration_error"]
    positive = positive_of(runs[0])
    rows = [[
        "run", *(f"test {label(name, positive)}" for name in names),
        "val accuracy (used for selection)",
    ]]  # fmt: skip
    for run in runs:
        test, val = answers_of(run, "test"), answers_of(run, "val")
        cells = [shown(name, metric(test, name)) for name in names]
        rows.append([run.key, *cells, percent(metric(val, "accuracy"))])
    return rows


def compared(runs: list[RunFiles]) -> list[RunFiles]:
    """Return the runs that have a baseline."""
    return [run for run in runs if run.baseline is not None]


def _verdicts(run: RunFiles) -> dict[str, tuple[str, str]]:
    classes, groups = judged_rows(run.baseline, run)
    return holm([*classes, *groups], margin_of(run))
