"""Who was hurt, as sheets."""

from collections.abc import Sequence

from medtui.analysis.differences import difference_text
from medtui.analysis.subgroup_analysis import Change, SubgroupAnalysis
from medtui.analysis.table import Table
from medtui.metrics.calibration import NUM_BINS
from medtui.units import format_count, format_number, format_percent

MARK = "✗"
"""Stands before a verdict, so that colour is not alone."""


def analysis_tables(harms: Sequence[SubgroupAnalysis]) -> list[Table]:
    """Return all that is known of what runs changed: what they share, then each by itself."""
    if not harms:
        return []
    sheets = [changed_answers_table(harms), calibration_table(harms)]
    for harm in harms:
        sheets.append(class_changes_table(harm))
        sheets += [subgroups_table(harm)] if harm.subgroups else []
        sheets.append(largest_changes_table(harm))
    return sheets


def changed_answers_table(harms: Sequence[SubgroupAnalysis]) -> Table:
    """Return how many answers each run changed, and what that did to the mean."""
    metric = harms[0].overall.metric
    rows = [
        (
            harm.key,
            format_percent(harm.flips.rate),
            format_count(harm.flips.num_lost),
            format_count(harm.flips.num_gained),
            *_before_after(harm.overall),
            "holds" if harm.passes else "falls",
        )
        for harm in harms
    ]
    headers = ("run", "answers changed", "right before, wrong now", "wrong before, right now",
               f"{metric.label} before", "after", "change", "mean")  # fmt: skip
    first = harms[0]
    baselines = ", ".join(dict.fromkeys(harm.baseline for harm in harms))
    note = (
        f"{first.split}: {format_count(first.num_images)} images of "
        f"{format_count(first.num_patients)} patients, against {baselines}. "
        f"The mean holds if it falls by no more than {_tolerance(first)}."
    )
    marks = tuple("" if harm.passes else "falls" for harm in harms)
    return Table("Answers changed", headers, tuple(rows), marks, note)


def class_changes_table(harm: SubgroupAnalysis) -> Table:
    """Return each class's change, rarest first."""
    rows = []
    for each in harm.classes:
        cells = [text for change in each.changes for text in _before_after(change)[1:]]
        rows.append((each.name, format_count(each.num_positives), *cells, _told(each.verdict)))
    headers = ["class", "images"]
    for change in harm.classes[0].changes if harm.classes else ():
        headers += [f"{change.metric.label} now", "change"]
    marks = tuple(each.verdict for each in harm.classes)
    title = f"By class, rarest first: {harm.key}"
    return Table(title, (*headers, "verdict"), tuple(rows), marks, _verdict_note(harm))


def subgroups_table(harm: SubgroupAnalysis) -> Table:
    """Return each patient group's change of the primary metric."""
    rows = [
        (
            each.kind,
            each.value,
            format_count(each.num_images),
            format_count(each.num_patients),
            *_before_after(each.change),
            _told(each.verdict),
        )
        for each in harm.subgroups
    ]
    metric = harm.overall.metric
    headers = ("by", "group", "images", "patients", f"{metric.label} before", "after", "change",
               "verdict")  # fmt: skip
    marks = tuple(each.verdict for each in harm.subgroups)
    title = f"By patient group: {harm.key}"
    return Table(title, headers, tuple(rows), marks, _verdict_note(harm), num_keys=2)


def calibration_table(harms: Sequence[SubgroupAnalysis]) -> Table:
    """Return each run's calibration error before and after."""
    rows = [
        (harm.key, format_number(harm.before.error), format_number(harm.after.error))
        for harm in harms
    ]
    note = f"Expected calibration error over {NUM_BINS} bins: 0 is perfect."
    return Table("Calibration error", ("run", "before", "after"), tuple(rows), note=note)


def largest_changes_table(harm: SubgroupAnalysis) -> Table:
    """Return the images whose answer moved farthest."""
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
        for each in harm.moved
    ]
    headers = ("image", "patient", "labels", "probability of", "before", "after", "answer")
    title = f"Images that moved most: {harm.key}"
    return Table(title, headers, tuple(rows), num_keys=4)


def _before_after(change: Change) -> tuple[str, str, str]:
    show = change.metric.show
    difference = difference_text(change.metric, change.difference)
    return show(change.before), show(change.after), difference or "undefined"


def _told(verdict: str) -> str:
    return f"{MARK} {verdict}" if verdict else ""


def _tolerance(harm: SubgroupAnalysis) -> str:
    return harm.overall.metric.show_amount(harm.tolerance)


def _verdict_note(harm: SubgroupAnalysis) -> str:
    if not harm.passes:
        return "The mean itself falls, so no part is judged by itself."
    return (
        f"{MARK} maybe: the 95 % interval reaches below a fall of {_tolerance(harm)}; "
        f"{MARK} hurt: and lies below zero. The mean holds."
    )
