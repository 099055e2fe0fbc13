"""Tables of the subgroup analysis."""

from collections.abc import Sequence

from medtui.analysis.bounds import describe_bounds
from medtui.analysis.differences import difference_text
from medtui.analysis.patient_changes import macro_change
from medtui.analysis.power import describe_power
from medtui.analysis.subgroup_analysis import Change, SubgroupAnalysis
from medtui.analysis.table import Table
from medtui.analysis.verdicts import Verdict, describe_verdicts
from medtui.metrics import Metric, metric_named
from medtui.metrics.calibration import NUM_BINS
from medtui.metrics.class_calibration import classes_by_reason
from medtui.metrics.shortage import MIN_POSITIVES, Unit, unit_of
from medtui.units import (
    format_change,
    format_count,
    format_percent,
    format_with_interval,
    plural,
)

MARK = "✗"
"""Precedes a verdict, so that it is not shown by colour alone."""

NUM_WORST = 12
"""Patients listed where not all are asked for."""


def analysis_tables(analyses: Sequence[SubgroupAnalysis]) -> list[Table]:
    """Return the tables of several runs: first those with a row per run, then those of each run."""
    if not analyses:
        return []
    tables = [changed_answers_table(analyses), calibration_table(analyses)]
    for analysis in analyses:
        tables.append(class_changes_table(analysis))
        tables += [subgroups_table(analysis)] if analysis.subgroups else []
        tables += [patients_table(analysis, NUM_WORST)] if analysis.patients else []
        tables.append(class_calibration_table(analysis))
        tables.append(largest_changes_table(analysis))
    return tables


def changed_answers_table(analyses: Sequence[SubgroupAnalysis]) -> Table:
    """Return each run's changed predictions and the change of the primary metric."""
    metric = analyses[0].overall.metric
    rows = [
        (
            analysis.key,
            format_percent(analysis.flips.rate),
            format_count(analysis.flips.num_lost),
            format_count(analysis.flips.num_gained),
            *_before_after(analysis.overall),
            analysis.verdict.text,
        )
        for analysis in analyses
    ]
    headers = ("run", "changed predictions", "right to wrong", "wrong to right",
               f"{metric.label} before", "after", "change", "overall verdict")  # fmt: skip
    first = analyses[0]
    baselines = ", ".join(dict.fromkeys(analysis.baseline for analysis in analyses))
    note = (
        f"{first.split}: {plural(first.num_images, 'image')} {_patients(first)}, relative to "
        f"{baselines}. {_power(analyses)} {describe_verdicts(first.overall.metric, first.margin)}"
        f" {_bounds(analyses)}"
    ).rstrip()
    marks = tuple(_mark(analysis.verdict) for analysis in analyses)
    return Table("Changed predictions", headers, tuple(rows), marks, note)


def _power(analyses: Sequence[SubgroupAnalysis]) -> str:
    first = analyses[0]
    changes = [each.overall.difference for each in analyses if each.overall.difference]
    count = first.num_patients or first.num_images
    return describe_power(
        count, first.num_effective, changes, first.overall.metric,
        unit=_unit(first), split=first.split,
    )  # fmt: skip


def _bounds(analyses: Sequence[SubgroupAnalysis]) -> str:
    """Return whose change of the primary metric has a bound for an interval."""
    changes = ((each.key.rpartition("/")[2], each.overall.difference) for each in analyses)
    return describe_bounds(changes, unit=_unit(analyses[0]))


def _unit(analysis: SubgroupAnalysis) -> Unit:
    return unit_of(has_patients=bool(analysis.num_patients))


def _patients(analysis: SubgroupAnalysis) -> str:
    count = analysis.num_patients
    return f"of {plural(count, 'patient')}" if count else "of unknown patients"


def class_changes_table(analysis: SubgroupAnalysis) -> Table:
    """Return the changes of each class, rarest first."""
    rows = []
    for each in analysis.classes:
        cells = [text for change in each.changes for text in _before_after(change)[1:]]
        rows.append(
            (each.name, format_count(each.num_positives), *cells, _verdict_text(each.verdict))
        )
    headers, shown = ["class", "images"], ["class", "images"]
    for change in analysis.classes[0].changes if analysis.classes else ():
        label = change.metric.label
        headers += [f"{label} after", f"change of {label}"]
        shown += [f"{label} after", "change"]
    marks = tuple(_mark(each.verdict) for each in analysis.classes)
    title = f"Classes, rarest first: {analysis.key}"
    judging = analysis.classes[0].changes[0].metric if analysis.classes else None
    bounds = describe_bounds(
        (
            (f"{change.metric.label} of {each.name}", change.difference)
            for each in analysis.classes
            for change in each.changes
        ),
        unit=_unit(analysis),
    )
    note = f"{_verdict_note(analysis, judging or analysis.overall.metric)} {bounds}".rstrip()
    keys = (*headers, "verdict")
    return Table(title, keys, tuple(rows), marks, note, shown_headers=(*shown, "verdict"))


def subgroups_table(analysis: SubgroupAnalysis) -> Table:
    """Return the change of the primary metric in each patient group."""
    rows = [
        (
            each.kind,
            each.value,
            format_count(each.num_images),
            format_count(each.num_patients) if each.num_patients else "unknown",
            *_before_after(each.change),
            _verdict_text(each.verdict),
        )
        for each in analysis.subgroups
    ]
    metric = analysis.overall.metric
    headers = ("attribute", "group", "images", "patients", f"{metric.label} before", "after",
               "change", "verdict")  # fmt: skip
    marks = tuple(_mark(each.verdict) for each in analysis.subgroups)
    title = f"Patient groups: {analysis.key}"
    bounds = describe_bounds(
        ((f"{each.kind} {each.value}", each.change.difference) for each in analysis.subgroups),
        unit=_unit(analysis),
    )
    note = f"{_verdict_note(analysis, metric)} {bounds}".rstrip()
    return Table(title, headers, tuple(rows), marks, note, num_keys=2)


def patients_table(analysis: SubgroupAnalysis, num_worst: int | None = None) -> Table:
    """Return the share of right answers for each patient, the largest loss first.

    With `num_worst`, only so many patients are listed; the mean is over all of them.
    """
    rows = [
        (
            each.patient,
            format_count(each.num_images),
            format_percent(each.before),
            format_percent(each.after),
            format_change(100 * each.change, 1),
        )
        for each in analysis.patients[:num_worst]
    ]
    if analysis.patients:
        before, after = macro_change(analysis.patients)
        shares = (
            format_percent(before),
            format_percent(after),
            format_change(100 * (after - before), 1),
        )
        rows.append(("mean over patients", format_count(analysis.num_images), *shares))
    lost = sum(each.change < 0 for each in analysis.patients)
    whose = plural(len(analysis.patients), "patient")
    note = (
        f"Shares of right answers, changes in points; fewer are right in {lost} of {whose}. In the "
        "mean over patients each counts once, whatever the number of images."
    )
    headers = ("patient", "images", "right before", "right after", "change")
    return Table(f"Patients, largest loss first: {analysis.key}", headers, tuple(rows), note=note)


def calibration_table(analyses: Sequence[SubgroupAnalysis]) -> Table:
    """Return the calibration error of each run and its baseline."""
    metric = metric_named("calibration_error")
    assert metric is not None, "the registry has it"
    rows = [
        (analysis.key, metric.show(analysis.before.error), metric.show(analysis.after.error))
        for analysis in analyses
    ]
    note = f"Expected calibration error with {NUM_BINS} bins; 0 is perfect."
    return Table("Calibration error", ("run", "before", "after"), tuple(rows), note=note)


def class_calibration_table(analysis: SubgroupAnalysis) -> Table:
    """Return slope and intercept of each class's probabilities, in the baseline and in the run."""
    rows = [
        (
            name,
            format_with_interval(before.slope, before.slope_interval, 2),
            format_with_interval(after.slope, after.slope_interval, 2),
            format_with_interval(before.intercept, before.intercept_interval, 2),
            format_with_interval(after.intercept, after.intercept_interval, 2),
        )
        for name, after in analysis.classes_after.items()
        for before in [analysis.classes_before[name]]
    ]
    note = (
        "Logistic recalibration. Slope: 1 is perfect, below 1 probabilities are too extreme. "
        "Intercept, in logits: 0 is perfect, below 0 probabilities are too high. 95 % intervals "
        f"over {'patients' if analysis.num_patients else 'images, since patients are unknown'}."
        f"{_missing_intervals(analysis)}"
    )
    headers = ("class", "slope before", "slope after", "intercept before", "intercept after")
    return Table(f"Calibration by class: {analysis.key}", headers, tuple(rows), note=note)


def _missing_intervals(analysis: SubgroupAnalysis) -> str:
    """Return a sentence for each reason why classes have no interval of slope and intercept."""
    reasons = classes_by_reason(analysis.classes_after)
    return "".join(f" No interval for {', '.join(of)}: {each}." for each, of in reasons.items())


def largest_changes_table(analysis: SubgroupAnalysis) -> Table:
    """Return the images with the largest changes of a probability."""
    rows = [
        (
            each.name,
            each.patient,
            each.labels,
            each.about,
            f"{each.before:.2f}",
            f"{each.after:.2f}",
            "changed" if each.flipped else "same",
        )
        for each in analysis.moved
    ]
    headers = ("image", "patient", "labels", "class", "probability before", "after", "prediction")
    title = f"Images with the largest changes: {analysis.key}"
    return Table(title, headers, tuple(rows), num_keys=4)


def _before_after(change: Change) -> tuple[str, str, str]:
    show = change.metric.show
    difference = difference_text(change.metric, change.difference)
    return show(change.before), show(change.after), difference or "undefined"


def _verdict_text(verdict: Verdict) -> str:
    return f"{MARK} {verdict.text}" if verdict.state == "worse" else verdict.text


def _mark(verdict: Verdict) -> str:
    """Return the row's mark: `worse`, or none."""
    return "worse" if verdict.state == "worse" else ""


def _verdict_note(analysis: SubgroupAnalysis, judging: Metric) -> str:
    judged = sum(each.verdict.state != "not judged" for each in analysis.classes)
    judged += sum(each.verdict.state != "not judged" for each in analysis.subgroups)
    return (
        f"Verdicts are on {judging.label}, against a margin of "
        f"{judging.show_amount(analysis.margin)}. {MARK} worse: the 95 % interval of its change is "
        f"below 0, also by Holm's method over the {plural(judged, 'judged row')} of classes and "
        f"groups. Not judged: fewer than {analysis.overall.metric.min_patients_paired} patients, "
        f"or of the images that the number is over (those with the class, for AUROC also those "
        f"without it) fewer than {MIN_POSITIVES}, or all of one patient."
    )
