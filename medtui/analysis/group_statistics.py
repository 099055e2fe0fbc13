"""Numbers of a group over its seeds and the patients: means, paired changes, their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from medtui.analysis.baselines import control_of
from medtui.analysis.column import Column, Split
from medtui.analysis.differences import Differences, difference_text, differences, pair_runs
from medtui.analysis.groups import Group, mean_and_spread
from medtui.analysis.pairing import PairedPredictions
from medtui.analysis.run_record import RunRecord, reference_of
from medtui.analysis.verdicts import Verdict
from medtui.errors import MedtuiError, UsageError
from medtui.metrics import Metric, Task, reported_metrics
from medtui.metrics.interval_reasons import reason_without
from medtui.metrics.nested import MIN_SEEDS, Nested, nested_differences, nested_metrics
from medtui.runs.predictions import SealedTest
from medtui.units import SEALED, plural

Interval = tuple[float, float]

_REMEMBERED = 64
"""Groups whose statistics are kept: a screen asks for the same ones at every key."""


@dataclass(frozen=True)
class GroupStatistics:
    """What is known of a group beyond the numbers of its members."""

    num_seeds: int
    num_patients: int
    """Patients of the test split; 0 where they are unknown."""
    intervals: dict[tuple[Split, str], Interval]
    """95 % intervals over seeds and patients of a metric's mean, by split and metric; those of the
    run itself where there is one seed."""
    changes: Differences | None = None
    """Paired changes, averaged over seeds; None without a baseline."""
    problem: str = ""
    """Why there are no changes, or no intervals."""

    @property
    def is_spread_known(self) -> bool:
        """Whether there are seeds enough for an interval."""
        return self.num_seeds >= MIN_SEEDS


@lru_cache(_REMEMBERED)
def group_statistics(group: Group, pin: RunRecord | None = None) -> GroupStatistics:
    """Return a group's numbers; reads the predictions of its members and of their baselines.

    Each member is compared with `pin`, else with the control of its own seeds, else, where any
    member has none, with its own reference.
    """
    test = group.members[0].result.test
    num_seeds = len(group.repetitions)
    intervals = dict[tuple[Split, str], Interval]()
    try:
        intervals = _intervals(group)
        changes = _changes(group, pin)
    except SealedTest as error:
        return GroupStatistics(num_seeds, test.num_patients, intervals, problem=error.message)
    except MedtuiError as error:
        return GroupStatistics(num_seeds, test.num_patients, {}, problem=error.message)
    return GroupStatistics(num_seeds, test.num_patients, intervals, changes)


def _intervals(group: Group) -> dict[tuple[Split, str], Interval]:
    """Return the intervals of metrics that results hold one of.

    Raises:
        MedtuiError: predictions are missing, or the members do not share their images.
    """
    is_sealed = any(entry.result.is_sealed for entry in group.members)
    splits: tuple[Split, ...] = ("val",) if is_sealed else ("test", "val")
    if len(group.members) == 1:
        own = group.members[0]
        return {
            (split, name): interval
            for split in splits
            for name, interval in own.split(split).intervals.items()
        }
    found: dict[tuple[Split, str], Interval] = {}
    for split in splits:
        for name, number in _nested(group, split).items():
            if number.is_enough:
                found[split, name] = number.interval_of_share()
    return found


def _nested(group: Group, split: Split) -> dict[str, Nested]:
    first = group.members[0]
    scores = []
    patients: list[str] = []
    for repetition in group.repetitions:
        pairs = [pair_runs(first, entry, split) for entry in repetition]
        patients = _same_patients(patients, pairs, len(first.predictions.split(split).names))
        scores.append([pair.run for pair in pairs])
    example, classes = scores[0][0], first.predictions.classes
    metrics = [
        metric
        for metric in _metrics_of(group, example.task)
        if not reason_without(metric, example, patients, classes)
    ]
    return nested_metrics(scores, patients, metrics)


def _metrics_of(group: Group, task: Task) -> list[Metric]:
    """Return the metrics that are about the same classes in all members."""
    return [
        metric
        for metric in reported_metrics(task)
        if group.has_one_positive or not metric.is_of_positive
    ]


def _same_patients(
    known: list[str], pairs: Sequence[PairedPredictions], num_images: int
) -> list[str]:
    """Return the patients of the images that all members share, which must be all images.

    Raises:
        UsageError: a member was measured on other images.
    """
    if any(len(pair.names) != num_images or known not in ([], pair.patients) for pair in pairs):
        raise UsageError("The runs of the group were not measured on the same images.")
    return pairs[0].patients


def _changes(group: Group, pin: RunRecord | None, split: Split = "test") -> Differences | None:
    """Return the changes from the control with those from the reference beside them.

    Raises:
        MedtuiError: as for `pair_runs`.
    """
    if pin is not None:
        pins = [pin] * len(group.members)
        return None if pin in group.members else _differences(group, pins, split)
    references = [reference_of(entry, ()) for entry in group.members]
    controls = [control_of(entry, ()) for entry in group.members]
    is_own = any(entry.folder.is_reference for entry in group.members)
    of_reference = None if is_own else _differences(group, references, split)
    of_control = _differences(group, controls, split)
    return replace(of_control, from_reference=of_reference) if of_control else of_reference


def _differences(
    group: Group, baselines: Sequence[RunRecord | None], split: Split
) -> Differences | None:
    """Return the changes from each member's own baseline; None where one has none."""
    by_member = dict(zip(group.members, baselines, strict=True))
    known = {entry: each for entry, each in by_member.items() if each is not None}
    if len(known) < len(by_member):
        return None
    key = ", ".join(dict.fromkeys(each.key for each in known.values()))
    if len(group.members) == 1:
        entry = group.members[0]
        return differences(known[entry], entry, split)
    pairs, patients, has_patients = [], list[str](), True
    for repetition in group.repetitions:
        paired = [pair_runs(known[entry], entry, split) for entry in repetition]
        patients = _same_patients(patients, paired, len(paired[0].names))
        has_patients = has_patients and bool(paired[0].num_patients)
        pairs.append([(pair.reference, pair.run) for pair in paired])
    found = nested_differences(pairs, patients, _metrics_of(group, pairs[0][0][1].task))
    return Differences(key, found, tuple(patients), has_patients, num_seeds=len(pairs))


def val_changes(group: Group) -> Differences | None:
    """Return the changes on val, by which runs are chosen; None where there is no baseline."""
    try:
        return _changes(group, None, "val")
    except MedtuiError:  # the changes on test say why
        return None


def val_verdict(group: Group, metric: Metric, margin: float) -> Verdict | None:
    """Return the verdict on a metric's change on val; None where there is no baseline."""
    found = val_changes(group)
    return found.verdict(metric, margin) if found else None


def value_text(group: Group, column: Column, found: GroupStatistics) -> str:
    """Return a column's mean over a group: of a metric with its interval, else with its spread.

    Where there are too few seeds or patients for an interval, a metric's mean stands alone.
    """
    if column.is_of_test and any(entry.result.is_sealed for entry in group.members):
        return SEALED
    if column.metric is None:
        return mean_and_spread(group, column)
    interval = found.intervals.get((column.split, column.metric.name))
    return column.metric.show_interval(group.mean(column), interval)


def change_text(metric: Metric, found: Differences | None) -> str:
    """Return `+0.3 [-0.2, +0.8]`; with too few seeds `+0.3 [seeds < 3]`; empty without a change."""
    difference = found.by_metric.get(metric.name) if found else None
    if found is None or difference is None or difference.has_interval or not found.lacks_seeds:
        return difference_text(metric, difference)
    return f"{metric.show_change(difference.value)} [seeds < {MIN_SEEDS}]"


def describe_seeds(groups: Sequence[Group]) -> str:
    """Return sentences on how many seeds stand behind groups, and what that leaves unknown."""
    counts = sorted({len(group.repetitions) for group in groups})
    several = [count for count in counts if count > 1]
    parts = []
    if several:
        parts.append(
            "A metric's number is the mean over the seeds of a group, with a 95 % interval over "
            "seeds and patients; other numbers are mean ± standard deviation between runs."
        )
    if 1 in counts:
        parts.append(
            "With one seed the spread over seeds is unknown: the interval is over patients alone."
        )
    if any(1 < count < MIN_SEEDS for count in counts):
        parts.append(f"An interval over seeds needs {plural(MIN_SEEDS, 'seed')}.")
    if any(len(each.repetitions) > 1 and each.has_one_reference for each in groups
           if each.members[0].folder.is_compressed):  # fmt: skip
        parts.append(
            "Where all compress one reference, the spread over seeds of the reference is unknown."
        )
    return " ".join(parts)
