"""Subgroup analysis: what compression changed for classes, patient groups and images.

The metric over all images can stay as it is while a rare class or a group of patients loses much,
and where the metric itself falls, some classes and groups lose more than others. All of them are
judged together against the preset's margin: see `verdicts`.

Sources: Hooker et al. 2020, arXiv 2010.03058; Holste et al. 2023, arXiv 2308.09180; changed
predictions: Joseph et al. 2020, arXiv 2012.01604.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from medtui.analysis.baselines import baseline_of
from medtui.analysis.column import Split
from medtui.analysis.differences import describe_failure, pair_runs
from medtui.analysis.largest_changes import ProbabilityChange, largest_changes
from medtui.analysis.pairing import PairedPredictions
from medtui.analysis.patient_changes import PatientChange, patient_changes
from medtui.analysis.run_record import RunRecord
from medtui.analysis.verdict_state import State
from medtui.analysis.verdicts import (
    JudgedChange,
    Verdict,
    judge,
    judge_together,
)
from medtui.errors import MedtuiError
from medtui.metrics import Metric, class_metric, metric_named, primary_metric
from medtui.metrics.calibration import Calibration, calibration_of
from medtui.metrics.class_calibration import ClassCalibration
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.jackknife import effective_number
from medtui.metrics.registry import defined
from medtui.metrics.reliability import class_calibrations
from medtui.metrics.shortage import Unit, interval_shortage, unit_of
from medtui.runs.result import Flips


@dataclass(frozen=True)
class Change:
    """One metric of the baseline and of the run, on all images or some of them."""

    metric: Metric
    before: float | None
    after: float | None
    difference: Difference | None
    """None if the metric is undefined for these images."""


@dataclass(frozen=True)
class ClassChange:
    """The changes of one class, against all others."""

    name: str
    num_positives: int
    changes: tuple[Change, ...]
    """First the metric that the class is judged by (AUROC, or sensitivity in single-label tasks),
    then ranking metrics."""
    verdict: Verdict
    """On the first of them."""


@dataclass(frozen=True)
class SubgroupChange:
    """The change of one group of patients."""

    kind: str
    """`sex`, `age`."""
    value: str
    """`F`, `60-79`."""
    num_images: int
    num_patients: int
    """0 where patients are unknown."""
    change: Change
    verdict: Verdict


_Judged = TypeVar("_Judged", ClassChange, SubgroupChange)

_UNJUDGED = Verdict("not shown")
"""Stands for the verdict until all classes and groups are known."""


@dataclass(frozen=True)
class SubgroupAnalysis:
    """What a run changed relative to its baseline, on one split."""

    key: str
    baseline: str
    """Key of the baseline run."""
    split: Split
    num_images: int
    num_patients: int
    """0 where patients are unknown."""
    num_effective: float
    """Patients, or images, of equal size that would inform as much."""
    flips: Flips
    overall: Change
    """Change of the primary metric on all images."""
    classes: tuple[ClassChange, ...]
    """Rarest first."""
    subgroups: tuple[SubgroupChange, ...]
    """Empty if the data set's card names none."""
    moved: tuple[ProbabilityChange, ...]
    """The images with the largest changes, largest first."""
    before: Calibration
    after: Calibration
    classes_before: dict[str, ClassCalibration]
    """Each class's calibration in the baseline; the positive class of two."""
    classes_after: dict[str, ClassCalibration]
    margin: float
    """Loss that is accepted, as the preset states it: a share, or an area."""
    verdict: Verdict
    """On the primary metric."""
    patients: tuple[PatientChange, ...]
    """Largest loss first; empty where patients are unknown."""

    def named(self, *states: State) -> list[str]:
        """Return the names of the classes and groups with one of these verdicts."""
        groups = [
            f"{each.kind} {each.value}" for each in self.subgroups if each.verdict.state in states
        ]
        return [each.name for each in self.classes if each.verdict.state in states] + groups


def analyse_subgroups(
    baseline: RunRecord, entry: RunRecord, split: Split = "test", *, margin: float | None = None
) -> SubgroupAnalysis:  # fmt: skip
    """Return what `entry` changed relative to `baseline`, judged by its preset's margin or another.

    Raises:
        MedtuiError: predictions are missing, or the runs share no images or classes.
    """
    pair = pair_runs(baseline, entry, split)
    primary = primary_metric(pair.run.task)
    (overall,) = changes_of(pair, [primary])
    accepted = entry.margin if margin is None else margin
    names = entry.predictions.classes
    classes = _class_changes(pair, names)
    groups = _subgroup_changes(pair, entry.subgroups(split), primary)
    verdicts = judge_together([judged for _, judged in (*classes, *groups)], accepted)
    of_classes, of_groups = verdicts[: len(classes)], verdicts[len(classes) :]
    return SubgroupAnalysis(
        key=entry.key,
        baseline=baseline.key,
        split=split,
        num_images=len(pair.names),
        num_patients=pair.num_patients,
        num_effective=effective_number(pair.patients),
        flips=pair.count_flips(),
        overall=overall,
        classes=_with_verdicts(classes, of_classes),
        subgroups=_with_verdicts(groups, of_groups),
        moved=largest_changes(pair, names),
        before=calibration_of(pair.reference),
        after=calibration_of(pair.run),
        classes_before=class_calibrations(pair.reference, names, pair.patients),
        classes_after=class_calibrations(pair.run, names, pair.patients),
        margin=accepted,
        verdict=judge(overall.difference, accepted, shortage=_shortage(pair, primary)),
        patients=patient_changes(pair),
    )


def analyse_all(
    entries: Sequence[RunRecord], pin: RunRecord | None = None, split: Split = "test", *,
    margin: float | None = None,
) -> tuple[list[SubgroupAnalysis], list[str]]:  # fmt: skip
    """Return what each run changed relative to `pin`, or without it to its control or reference.

    Runs that cannot be compared are left out, with a sentence for each.
    """
    analyses, problems = list[SubgroupAnalysis](), list[str]()
    for entry in entries:
        baseline = baseline_of(entry, entries, pin)
        if baseline is None:
            continue
        try:
            analyses.append(analyse_subgroups(baseline, entry, split, margin=margin))
        except MedtuiError as error:
            problems.append(describe_failure(entry, baseline, error))
    return analyses, list(dict.fromkeys(problems))


def changes_of(pair: PairedPredictions, metrics: Sequence[Metric]) -> tuple[Change, ...]:
    """Return each metric before and after, with its paired difference."""
    found = paired_differences(pair.reference, pair.run, pair.patients, metrics, unit=_unit(pair))
    return tuple(
        Change(
            metric,
            defined(metric.compute(pair.reference)),
            defined(metric.compute(pair.run)),
            found.get(metric.name),
        )
        for metric in metrics
    )


def _shortage(pair: PairedPredictions, metric: Metric) -> str:
    """Return what the interval of a metric's change lacks, in words; empty if nothing."""
    needed = metric.min_patients_paired
    found = interval_shortage(metric, pair.run, pair.patients, needed=needed, unit=_unit(pair))
    return found.text if found else ""


def _unit(pair: PairedPredictions) -> Unit:
    return unit_of(has_patients=bool(pair.num_patients))


def _class_changes(
    pair: PairedPredictions, classes: Sequence[str]
) -> list[tuple[ClassChange, JudgedChange]]:
    """Return the changes of each class, rarest first, and what its verdict rests on."""
    # Each class is treated as a binary task of its own, with its scores and labels only.
    ranking = [metric_named(name) for name in ("auroc", "average_precision")]
    judging = class_metric(pair.run.task)
    metrics = list(dict.fromkeys([judging, *(metric for metric in ranking if metric)]))
    found = []
    for index, name in enumerate(classes):
        alone = PairedPredictions(
            pair.names, pair.patients, pair.reference.of_class(index), pair.run.of_class(index)
        )
        changes = changes_of(alone, metrics)
        judged = judged_class(alone, changes[0])
        positives = int(alone.run.labels_NK[alone.run.known].sum())
        found.append((ClassChange(name, positives, changes, _UNJUDGED), judged))
    return sorted(found, key=lambda each: each[0].num_positives)


def judged_class(alone: PairedPredictions, change: Change) -> JudgedChange:
    """Return what the verdict on a class rests on: the images with it, or if rarer those without.

    Sensitivity is about the images with the class alone.
    """
    labels_N, known_N = alone.run.labels_NK[:, 0] == 1, alone.run.known[:, 0]
    with_class, without = np.flatnonzero(labels_N & known_N), np.flatnonzero(~labels_N & known_N)
    is_of_class = change.metric.rests_on == "positives"
    rarest = with_class if is_of_class else min(with_class, without, key=len)
    patients = tuple(alone.patients)
    of_rarest = tuple(patients[row] for row in rarest)
    return JudgedChange(change.difference, patients, of_rarest, _shortage(alone, change.metric))


def _subgroup_changes(
    pair: PairedPredictions,
    subgroups: dict[str, dict[str, str]],
    primary: Metric,
) -> list[tuple[SubgroupChange, JudgedChange]]:
    """Return the change of each group, and what its verdict rests on."""
    found = []
    for kind in dict.fromkeys(kind for values in subgroups.values() for kind in values):
        value_N = np.array([subgroups.get(name, {}).get(kind, "") for name in pair.names])
        for value in sorted(set(value_N.tolist()) - {""}, key=by_number):
            part = pair.take(np.flatnonzero(value_N == value))
            (change,) = changes_of(part, [primary])
            counts = len(part.names), part.num_patients
            patients = tuple(part.patients)
            judged = JudgedChange(change.difference, patients, patients, _shortage(part, primary))
            found.append((SubgroupChange(kind, value, *counts, change, _UNJUDGED), judged))
    return found


def _with_verdicts(
    found: Sequence[tuple[_Judged, JudgedChange]], verdicts: Sequence[Verdict]
) -> tuple[_Judged, ...]:
    return tuple(
        replace(each, verdict=verdict) for (each, _), verdict in zip(found, verdicts, strict=True)
    )


def by_number(value: str) -> tuple[float, str]:
    """Return a sort key that orders bins by their lower edge: `<18`, `18-39`, `80+`."""
    digits = value.lstrip("<").partition("-")[0].rstrip("+")
    is_number = digits.replace(".", "", 1).isdigit()
    return (float(digits) - value.startswith("<") if is_number else float("inf"), value)
