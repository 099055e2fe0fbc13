"""Paired differences between a run and its baseline, on the images that both predicted.

Both runs answered the same images, so their errors are correlated: an interval of the difference is
much narrower than the two intervals suggest. The same patients are therefore left out for both
runs, and both metrics are computed without them. Patients are left out, not images, because images
of one patient are alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from medtui.analysis.baselines import baseline_of
from medtui.analysis.bounds import describe_bounds
from medtui.analysis.column import Split
from medtui.analysis.pairing import PairedPredictions, pair_predictions
from medtui.analysis.run_record import RunRecord, reference_of, task_of
from medtui.analysis.verdicts import Verdict, judge
from medtui.errors import MedtuiError
from medtui.metrics import Metric, primary_metric, reported_metrics
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.nested import MIN_SEEDS
from medtui.metrics.registry import MIN_PATIENTS_PAIRED
from medtui.metrics.shortage import MIN_POSITIVES, unit_of
from medtui.runs.predictions import SealedTest
from medtui.runs.run_names import is_reference
from medtui.storage import UnreadableFile
from medtui.units import SEALED, plural


@dataclass(frozen=True)
class Differences:
    """Differences between a run and its baseline."""

    baseline: str
    """Key of the baseline run."""
    by_metric: dict[str, Difference]
    """Metric's name to its paired difference."""
    patients: tuple[str, ...] = ()
    """Patient of each image behind them; the image's own name where unknown."""
    has_patients: bool = True
    from_reference: "Differences | None" = None
    """The differences from the study's reference, where the baseline is its control."""
    on_val: "Differences | None" = None
    """Those of the primary metric on val, by which runs are chosen, where they were asked for."""
    num_seeds: int = 1
    """Seeds over which they are averaged."""

    @property
    def lacks_seeds(self) -> bool:
        """Whether they are averaged over fewer seeds than an interval needs."""
        return 1 < self.num_seeds < MIN_SEEDS

    def verdict(self, metric: Metric, margin: float) -> Verdict:
        """Return the verdict on the change of a metric."""
        if self.lacks_seeds:
            return judge(None, margin, shortage=plural(self.num_seeds, "seed"))
        difference = self.by_metric.get(metric.name)
        shortage = difference.shortage if difference else None
        return judge(difference, margin, shortage=shortage.text if shortage else "")


def pair_runs(baseline: RunRecord, entry: RunRecord, split: Split = "test") -> PairedPredictions:
    """Match two runs' predictions image by image.

    Raises:
        MedtuiError: predictions are missing, classes differ, or the runs do not share their images.
    """
    digests = [each.data_digest for each in (baseline, entry)]
    return pair_predictions(baseline.predictions, entry.predictions, split, digests=digests)


def differences(
    baseline: RunRecord,
    entry: RunRecord,
    split: Split = "test",
    *,
    metric: Metric | None = None,
) -> Differences:
    """Return the paired difference of every reported metric of the task, or of one, on a split.

    Raises:
        MedtuiError: as for `pair_runs`.
    """
    pair = pair_runs(baseline, entry, split)
    metrics = (metric,) if metric else reported_metrics(pair.run.task)
    patients, has_patients = tuple(pair.patients), bool(pair.num_patients)
    unit = unit_of(has_patients=has_patients)
    found = paired_differences(pair.reference, pair.run, patients, metrics, unit=unit)
    return Differences(baseline.key, found, patients, has_patients)


def differences_of_all(
    entries: Sequence[RunRecord], pin: RunRecord | None
) -> tuple[dict[str, Differences], list[str]]:
    """Return each run's differences from `pin`, or without it from its control or reference.

    Runs that cannot be compared are left out, with a sentence for each.
    """
    found, problems = dict[str, Differences](), list[str]()
    for entry in entries:
        baseline = baseline_of(entry, entries, pin)
        if baseline is None:
            continue
        try:
            found[entry.key] = differences_from(baseline, entry, () if pin else entries)
        except MedtuiError as error:
            problems.append(describe_failure(entry, baseline, error))
    return found, list(dict.fromkeys(problems))


def describe_failure(entry: RunRecord, baseline: RunRecord, error: MedtuiError) -> str:
    """Return why a run cannot be compared; the same sentence for all runs that need a bad file."""
    if isinstance(error, UnreadableFile | SealedTest):
        return error.message
    return f"{entry.key} cannot be compared with {baseline.key}: {error.message}"


def differences_from(
    baseline: RunRecord,
    entry: RunRecord,
    entries: Sequence[RunRecord],
) -> Differences:
    """Return the differences from a baseline, and where that is a control from the reference too.

    The reference is sought among `entries`, which are empty where only the baseline is asked for.

    Raises:
        MedtuiError: as for `pair_runs`.
    """
    found = differences(baseline, entry)
    reference = reference_of(entry, entries) if entries and baseline.folder.is_control else None
    if reference is None:
        return found
    from_reference = differences(reference, entry)
    return replace(found, from_reference=from_reference)


def with_val(found: Differences, baseline: RunRecord, entry: RunRecord) -> Differences:
    """Return a run's differences on test with that of the primary metric on val beside them.

    Runs of different studies may be comparable on test alone: nothing is added then.
    """
    metric = primary_metric(task_of([entry]))
    try:
        return replace(found, on_val=differences(baseline, entry, "val", metric=metric))
    except MedtuiError:
        return found


def from_control(found: Differences | None) -> Differences | None:
    """Return a run's differences unless they are from a reference, as those of controls are.

    Where changes from control and reference stand beside each other, no number of the second kind
    may be in the column of the first.
    """
    if found is None or is_reference(found.baseline.rpartition("/")[2]):
        return None
    return found


def from_reference(found: Differences) -> Differences | None:
    """Return a run's differences from its study's reference; None where they are not known."""
    is_own = is_reference(found.baseline.rpartition("/")[2])
    return found if is_own else found.from_reference


def change_of_run(entry: RunRecord, found: Differences | None, metric: Metric) -> str:
    """Return a metric's change in a run; `sealed` where its test is, empty without a change."""
    text = difference_text(metric, found.by_metric.get(metric.name) if found else None)
    return SEALED if entry.result.is_sealed else text


def bounds_of_runs(found: Mapping[str, Differences], metrics: Sequence[Metric]) -> str:
    """Return which runs' changes of these metrics have a bound for an interval, and its meaning.

    Empty where none has one.
    """
    has_patients = all(each.has_patients for each in found.values())
    return describe_bounds(
        (
            (f"{metric.label} of {key.rpartition('/')[2]}", each.by_metric.get(metric.name))
            for metric in metrics
            for key, each in found.items()
        ),
        unit=unit_of(has_patients=has_patients),
    )


MISSING_INTERVAL = (
    f"n < {MIN_PATIENTS_PAIRED}: there are fewer than the {MIN_PATIENTS_PAIRED} patients that the "
    "interval needs; positives < "
    f"{MIN_POSITIVES}: fewer images with the class than it needs; class n < 2: one patient alone "
    "has all images with a class, or without it."
)
"""Explains what `difference_text` shows in place of an interval."""


def difference_text(metric: Metric, difference: Difference | None) -> str:
    """Return `+0.3 [+0.1, +0.8]`, in percentage points for shares; empty without a difference.

    `+0.3 [n < 9]` and `+0.3 [positives < 10]` state of what there is less than an interval needs.
    """
    if difference is None:
        return ""
    if not difference.has_interval:
        shortage = difference.shortage
        mark = shortage.mark if shortage else "no interval"
        return f"{metric.show_change(difference.value)} [{mark}]"
    value, low, high = map(metric.show_change, (difference.value, difference.low, difference.high))
    return f"{value} [{low}, {high}]"
