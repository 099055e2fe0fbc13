"""Who was hurt: what compression changed for which classes, patients and images.

A mean can hold while a rare finding or a group of patients pays for it. Sources: Hooker et al.
2020, arXiv 2010.03058; Holste et al. 2023, arXiv 2308.09180; flips: Joseph et al. 2020, arXiv
2012.01604.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medtui.analysis.columns import Split
from medtui.analysis.differences import RESAMPLES, pair_runs
from medtui.analysis.prediction_changes import PairedPredictions
from medtui.analysis.run_record import RunRecord, reference_of
from medtui.errors import MedtuiError
from medtui.metrics import Metric, class_metric, metric_named, primary_metric
from medtui.metrics.calibration import Calibration, calibration_of
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.registry import defined
from medtui.runs.patient_groups import read_subgroups
from medtui.runs.result import Flips

TOLERANCE = 0.02
"""A fall of a share or an area that is taken as harmless."""

NUM_MOVED = 12
"""Images named whose answer moved most."""

Verdict = Literal["", "maybe", "hurt"]
"""`maybe`: the interval reaches below the tolerance; `hurt`: it lies below zero besides."""


@dataclass(frozen=True)
class Change:
    """One metric before and after, for all images or for some."""

    metric: Metric
    before: float | None
    after: float | None
    difference: Difference | None
    """None where the metric is undefined for these images."""


@dataclass(frozen=True)
class ClassChange:
    """One class, against the rest."""

    name: str
    num_positives: int
    changes: tuple[Change, ...]
    """First of the metric that the class is judged by: AUROC, or sensitivity in single-label tasks.

    Then of those by which scores are ranked.
    """
    verdict: Verdict
    """Empty where the class is safe."""


@dataclass(frozen=True)
class SubgroupChange:
    """Images of one group of patients."""

    kind: str
    """`sex`, `age`."""
    value: str
    """`F`, `60-79`."""
    num_images: int
    num_patients: int
    change: Change
    verdict: Verdict


@dataclass(frozen=True)
class ProbabilityChange:
    """An image whose answer moved far."""

    name: str
    patient: str
    about: str
    """The class whose probability moved."""
    labels: str
    """What the image shows, by its labels."""
    before: float
    """The class's probability."""
    after: float
    flipped: bool
    """Whether the answer about this class changed."""


@dataclass(frozen=True)
class SubgroupAnalysis:
    """What a run changed against its baseline, on one part of the data."""

    key: str
    baseline: str
    """Key of the run compared with."""
    split: Split
    num_images: int
    num_patients: int
    flips: Flips
    overall: Change
    """Of the primary metric."""
    classes: tuple[ClassChange, ...]
    """Rarest first."""
    subgroups: tuple[SubgroupChange, ...]
    """Empty where the data set's card names none."""
    moved: tuple[ProbabilityChange, ...]
    """Farthest first."""
    before: Calibration
    after: Calibration
    tolerance: float

    @property
    def passes(self) -> bool:
        """Whether the mean holds within the tolerance."""
        return _passes(self.overall, self.tolerance)

    @property
    def marked(self) -> list[str]:
        """Name the classes and subgroups with a verdict against them."""
        return self._with_verdict("maybe", "hurt")

    @property
    def hurt(self) -> list[str]:
        """Name those whose loss is clear."""
        return self._with_verdict("hurt")

    def _with_verdict(self, *verdicts: Verdict) -> list[str]:
        groups = [
            f"{each.kind} {each.value}" for each in self.subgroups if each.verdict in verdicts
        ]
        return [each.name for each in self.classes if each.verdict in verdicts] + groups


def analyse_subgroups(
    baseline: RunRecord, entry: RunRecord, split: Split = "test", *, tolerance: float = TOLERANCE,
    resamples: int = RESAMPLES,
) -> SubgroupAnalysis:  # fmt: skip
    """Tell what `entry` changed against `baseline`.

    Raises:
        MedtuiError: predictions are missing, or the runs share no images or classes.
    """
    pair = pair_runs(baseline, entry, split)
    primary = primary_metric(pair.run.task)
    overall = _change(pair, primary, resamples)
    passes = _passes(overall, tolerance)
    classes = entry.predictions.classes
    return SubgroupAnalysis(
        key=entry.key,
        baseline=baseline.key,
        split=split,
        num_images=len(pair.names),
        num_patients=len(set(pair.patients)),
        flips=pair.count_flips(),
        overall=overall,
        classes=_class_changes(pair, classes, tolerance if passes else None, resamples),
        subgroups=_subgroup_changes(
            pair, read_subgroups(entry.folder.split, split), primary,
            tolerance if passes else None, resamples,
        ),
        moved=_moved(pair, classes),
        before=calibration_of(pair.reference),
        after=calibration_of(pair.run),
        tolerance=tolerance,
    )  # fmt: skip


def analyse_all(
    entries: Sequence[RunRecord], pin: RunRecord | None = None, split: Split = "test", *,
    tolerance: float = TOLERANCE,
) -> tuple[list[SubgroupAnalysis], list[str]]:  # fmt: skip
    """Tell what each run changed against `pin`, without one against its study's reference.

    Runs that cannot be compared are left out, with a sentence for each.
    """
    harms, problems = list[SubgroupAnalysis](), list[str]()
    for entry in entries:
        baseline = pin or reference_of(entry, entries)
        if baseline is None or baseline.folder == entry.folder:
            continue
        try:
            harms.append(analyse_subgroups(baseline, entry, split, tolerance=tolerance))
        except MedtuiError as error:
            problems.append(f"{entry.key} against {baseline.key}: {error.message}")
    return harms, problems


def _passes(overall: Change, tolerance: float) -> bool:
    return overall.difference is not None and overall.difference.value >= -tolerance


def _change(pair: PairedPredictions, metric: Metric, resamples: int) -> Change:
    found = paired_differences(
        pair.reference, pair.run, pair.patients, [metric], resamples=resamples
    )
    before, after = (defined(metric.compute(each)) for each in (pair.reference, pair.run))
    return Change(metric, before, after, found.get(metric.name))


def _verdict(change: Change, tolerance: float | None) -> Verdict:
    """Judge a part against the tolerance; None judges nothing, since the whole failed already."""
    difference = change.difference
    if tolerance is None or difference is None or difference.low >= -tolerance:
        return ""
    return "hurt" if difference.high < 0 else "maybe"


def _class_changes(
    pair: PairedPredictions, classes: Sequence[str], tolerance: float | None, resamples: int
) -> tuple[ClassChange, ...]:
    ranking = [metric_named(name) for name in ("auroc", "average_precision")]
    judging = class_metric(pair.run.task)
    metrics = list(dict.fromkeys([judging, *(metric for metric in ranking if metric)]))
    found = []
    for index, name in enumerate(classes):
        alone = PairedPredictions(
            pair.names, pair.patients, pair.reference.of_class(index), pair.run.of_class(index)
        )
        changes = tuple(_change(alone, metric, resamples) for metric in metrics)
        positives = int(alone.run.labels_NK[alone.run.known].sum())
        verdict = _verdict(changes[0], tolerance)
        found.append(ClassChange(name, positives, changes, verdict))
    return tuple(sorted(found, key=lambda each: each.num_positives))


def _subgroup_changes(
    pair: PairedPredictions,
    subgroups: dict[str, dict[str, str]],
    primary: Metric,
    tolerance: float | None,
    resamples: int,
) -> tuple[SubgroupChange, ...]:
    found = []
    for kind in dict.fromkeys(kind for values in subgroups.values() for kind in values):
        value_N = np.array([subgroups.get(name, {}).get(kind, "") for name in pair.names])
        for value in sorted(set(value_N.tolist()) - {""}, key=_by_number):
            part = _take(pair, np.flatnonzero(value_N == value))
            change = _change(part, primary, resamples)
            verdict = _verdict(change, tolerance)
            patients = len(set(part.patients))
            found.append(SubgroupChange(kind, value, len(part.names), patients, change, verdict))
    return tuple(found)


def _by_number(value: str) -> tuple[float, str]:
    """Order bins by where they begin: `<18`, `18-39`, `80+`."""
    digits = value.lstrip("<").partition("-")[0].rstrip("+")
    is_number = digits.replace(".", "", 1).isdigit()
    return (float(digits) - value.startswith("<") if is_number else float("inf"), value)


def _take(pair: PairedPredictions, rows: NDArray[np.int64]) -> PairedPredictions:
    return PairedPredictions(
        [pair.names[row] for row in rows],
        [pair.patients[row] for row in rows],
        pair.reference.take(rows),
        pair.run.take(rows),
    )


def _moved(pair: PairedPredictions, classes: Sequence[str]) -> tuple[ProbabilityChange, ...]:
    """Return the images with the largest change of a probability, each by that class.

    Two classes mirror each other, so the second alone is looked at, as by every other metric.
    """
    moved_NK = np.abs(pair.run.scores_NK - pair.reference.scores_NK)[:, pair.run.judged]
    farthest_N = moved_NK.max(axis=1)
    present_NK = (pair.run.labels_NK == 1) & pair.run.known
    rows = np.argsort(-farthest_N, kind="stable")[:NUM_MOVED]
    found = []
    for row in rows.tolist():
        index = pair.run.judged[int(moved_NK[row].argmax())]
        shown = [classes[number] for number in np.flatnonzero(present_NK[row]).tolist()]
        found.append(
            ProbabilityChange(
                pair.names[row],
                pair.patients[row],
                classes[index],
                ", ".join(shown) or "none",
                float(pair.reference.scores_NK[row, index]),
                float(pair.run.scores_NK[row, index]),
                bool(pair.is_changed[row, index]),
            )
        )
    return tuple(found)
