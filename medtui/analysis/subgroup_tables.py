"""Tables of the subgroup analysis."""

from collections.abc import Sequence

from medtui.analysis.differences import difference_text
from medtui.analysis.subgroup_analysis import Change, SubgroupAnalysis
from medtui.analysis.table import Table
from medtui.metrics.calibration import NUM_BINS
from medtui.units import format_count, format_number, format_percent, plural

MARK = "✗"
"""Precedes a verdict, so that it is not shown by colour alone."""


def analysis_tables(analyses: Sequence[SubgroupAnalysis]) -> list[Table]:
    """Return the tables of several runs: first those with a row per run, then those of each run."""
    if not analyses:
        return []
    tables = [changed_answers_table(analyses), calibration_table(analyses)]
    for analysis in analyses:
        tables.append(class_changes_table(analysis))
        tables += [subgroups_table(analysis)] if analysis.subgroups else []
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
            "yes" if analysis.passes else "no",
        )
        for analysis in analyses
    ]
    headers = ("run", "changed predictions", "right to wrong", "wrong to right",
               f"{metric.label} before", "after", "change", "within tolerance")  # fmt: skip
    first = analyses[0]
    baselines = ", ".join(dict.fromkeys(analysis.baseline for analysis in analyses))
    note = (
        f"{first.split}: {plural(first.num_images, 'image')} {_patients(first)}, relative to "
        f"{baselines}. "
        f"Tolerance: a loss of {_tolerance(first)}."
    )
    marks = tuple("" if analysis.passes else "exceeded" for analysis in analyses)
    return Table("Changed predictions", headers, tuple(rows), marks, note)


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
    headers = ["class", "images"]
    for change in analysis.classes[0].changes if analysis.classes else ():
        headers += [f"{change.metric.label} after", "change"]
    marks = tuple(each.verdict for each in analysis.classes)
    title = f"Classes, rarest first: {analysis.key}"
    return Table(title, (*headers, "verdict"), tuple(rows), marks, _verdict_note(analysis))


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
    marks = tuple(each.verdict for each in analysis.subgroups)
    title = f"Patient groups: {analysis.key}"
    return Table(title, headers, tuple(rows), marks, _verdict_note(analysis), num_keys=2)


def calibration_table(analyses: Sequence[SubgroupAnalysis]) -> Table:
    """Return the calibration error of each run and its baseline."""
    rows = [
        (analysis.key, format_number(analysis.before.error), format_number(analysis.after.error))
        for analysis in analyses
    ]
    note = f"Expected calibration error with {NUM_BINS} bins; 0 is perfect."
    return Table("Calibration error", ("run", "before", "after"), tuple(rows), note=note)


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


def _verdict_text(verdict: str) -> str:
    return f"{MARK} {verdict} loss" if verdict else ""


def _tolerance(analysis: SubgroupAnalysis) -> str:
    return analysis.overall.metric.show_amount(analysis.tolerance)


def _verdict_note(analysis: SubgroupAnalysis) -> str:
    if not analysis.passes:
        return (
            "The overall metric is not within the tolerance, so classes and groups are not judged."
        )
    return (
        f"The overall metric is within the tolerance. {MARK} possible loss: the 95 % interval "
        f"includes a loss above {_tolerance(analysis)}; {MARK} clear loss: it also excludes 0. "
        "Intervals are not corrected for the number of rows."
    )
