"""Subgroup analysis: what compression changed for classes, patient groups and images.

The metric over all images can stay within its tolerance while a rare class or a group of patients
loses much more. Classes and groups are judged only if the overall metric stays within the
tolerance: otherwise the model as a whole is worse, and no group stands out.

A class or group is judged by the 95 % interval of its paired difference, by a jackknife over
patients:

- no verdict: the interval's lower end is above -tolerance, so a larger loss is excluded;
- `possible`: the lower end is below -tolerance, the upper end is not below 0;
- `clear`: the whole interval is also below 0.

The intervals are not corrected for the number of groups: among many groups without a loss, some
are `possible` and a few `clear` by chance. A verdict calls for a closer look at the group, not for
a conclusion.

Sources: Hooker et al. 2020, arXiv 2010.03058; Holste et al. 2023, arXiv 2308.09180; changed
predictions: Joseph et al. 2020, arXiv 2012.01604.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medtui.analysis.baselines import baseline_of
from medtui.analysis.columns import Split
from medtui.analysis.differences import RESAMPLES, pair_runs
from medtui.analysis.largest_changes import ProbabilityChange, largest_changes
from medtui.analysis.pairing import PairedPredictions
from medtui.analysis.run_record import RunRecord
from medtui.errors import MedtuiError
from medtui.metrics import Metric, class_metric, metric_named, primary_metric
from medtui.metrics.calibration import Calibration, calibration_of
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.registry import defined
from medtui.runs.patient_groups import read_subgroups
from medtui.runs.result import Flips

TOLERANCE = 0.02
"""Loss of the overall metric that is accepted, as a share or an area."""

Verdict = Literal["", "possible", "clear"]
"""Whether a class or group lost more than the tolerance; see the module's docstring."""


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
    """Empty if a loss above the tolerance is excluded or not judged."""


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
    tolerance: float

    @property
    def passes(self) -> bool:
        """Whether the overall metric stays within the tolerance."""
        return _passes(self.overall, self.tolerance)

    @property
    def losses(self) -> list[str]:
        """Names of the classes and subgroups with a possible or clear loss."""
        return self._with_verdict("possible", "clear")

    @property
    def clear_losses(self) -> list[str]:
        """Names of the classes and subgroups with a clear loss."""
        return self._with_verdict("clear")

    def _with_verdict(self, *verdicts: Verdict) -> list[str]:
        groups = [
            f"{each.kind} {each.value}" for each in self.subgroups if each.verdict in verdicts
        ]
        return [each.name for each in self.classes if each.verdict in verdicts] + groups


def analyse_subgroups(
    baseline: RunRecord, entry: RunRecord, split: Split = "test", *, tolerance: float = TOLERANCE,
    resamples: int = RESAMPLES,
) -> SubgroupAnalysis:  # fmt: skip
    """Return what `entry` changed relative to `baseline`.

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
        num_patients=pair.num_patients,
        flips=pair.count_flips(),
        overall=overall,
        classes=_class_changes(pair, classes, tolerance if passes else None, resamples),
        subgroups=_subgroup_changes(
            pair, read_subgroups(entry.folder.split, split), primary,
            tolerance if passes else None, resamples,
        ),
        moved=largest_changes(pair, classes),
        before=calibration_of(pair.reference),
        after=calibration_of(pair.run),
        tolerance=tolerance,
    )  # fmt: skip


def analyse_all(
    entries: Sequence[RunRecord], pin: RunRecord | None = None, split: Split = "test", *,
    tolerance: float = TOLERANCE,
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
            analyses.append(analyse_subgroups(baseline, entry, split, tolerance=tolerance))
        except MedtuiError as error:
            problems.append(f"{entry.key} cannot be compared with {baseline.key}: {error.message}")
    return analyses, problems


def _passes(overall: Change, tolerance: float) -> bool:
    return overall.difference is not None and overall.difference.value >= -tolerance


def _change(pair: PairedPredictions, metric: Metric, resamples: int) -> Change:
    found = paired_differences(
        pair.reference, pair.run, pair.patients, [metric], resamples=resamples
    )
    before, after = (defined(metric.compute(each)) for each in (pair.reference, pair.run))
    return Change(metric, before, after, found.get(metric.name))


def _verdict(change: Change, tolerance: float | None) -> Verdict:
    """Return the verdict on a class or group; with a tolerance of None, nothing is judged."""
    difference = change.difference
    if tolerance is None or difference is None or difference.low >= -tolerance:
        return ""
    return "clear" if difference.high < 0 else "possible"


def _class_changes(
    pair: PairedPredictions, classes: Sequence[str], tolerance: float | None, resamples: int
) -> tuple[ClassChange, ...]:
    # Each class is treated as a binary task of its own, with its scores and labels only.
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
            part = pair.take(np.flatnonzero(value_N == value))
            change = _change(part, primary, resamples)
            verdict = _verdict(change, tolerance)
            found.append(
                SubgroupChange(kind, value, len(part.names), part.num_patients, change, verdict)
            )
    return tuple(found)


def _by_number(value: str) -> tuple[float, str]:
    """Return a sort key that orders bins by their lower edge: `<18`, `18-39`, `80+`."""
    digits = value.lstrip("<").partition("-")[0].rstrip("+")
    is_number = digits.replace(".", "", 1).isdigit()
    return (float(digits) - value.startswith("<") if is_number else float("inf"), value)
