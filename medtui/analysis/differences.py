"""Paired differences between a run and its baseline, on the images that both predicted.

Both runs answered the same images, so their errors are correlated: an interval of the difference is
much narrower than the two intervals suggest. Every bootstrap sample therefore draws the same
patients for both runs and computes both metrics on them. Patients are drawn, not images, because
images of one patient are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from medtui.analysis.columns import Split
from medtui.analysis.pairing import PairedPredictions, pair_predictions
from medtui.analysis.run_record import RunRecord, reference_of
from medtui.errors import MedtuiError
from medtui.metrics import Metric, reported_metrics
from medtui.metrics.intervals import Difference, paired_differences
from medtui.runs.data_digest import RecordedDigest, recorded_digest

RESAMPLES = 1000
"""Bootstrap samples of a 95 % interval."""


@dataclass(frozen=True)
class Differences:
    """Differences between a run and its baseline."""

    baseline: str
    """Key of the baseline run."""
    by_metric: dict[str, Difference]
    """Metric's name to its paired difference on test."""


def pair_runs(baseline: RunRecord, entry: RunRecord, split: Split = "test") -> PairedPredictions:
    """Match two runs' predictions image by image.

    Raises:
        MedtuiError: predictions are missing, classes differ, or the runs do not share their images.
    """
    digests = [_digest(each) for each in (baseline, entry)]
    return pair_predictions(baseline.predictions, entry.predictions, split, digests=digests)


def _digest(entry: RunRecord) -> RecordedDigest | None:
    """Return the digest of a run's data; None where none is recorded or its file is damaged."""
    try:
        return recorded_digest(entry.folder)
    except MedtuiError:
        return None


def differences(
    baseline: RunRecord, entry: RunRecord, *, resamples: int = RESAMPLES
) -> Differences:
    """Return the paired difference of every reported metric of the task on test.

    Raises:
        MedtuiError: as for `pair_runs`.
    """
    pair = pair_runs(baseline, entry)
    metrics = reported_metrics(pair.run.task)
    found = paired_differences(
        pair.reference, pair.run, pair.patients, metrics, resamples=resamples
    )
    return Differences(baseline.key, found)


def differences_of_all(
    entries: Sequence[RunRecord], pin: RunRecord | None, *, resamples: int = RESAMPLES
) -> tuple[dict[str, Differences], list[str]]:
    """Return each run's differences from `pin`, or without it from its study's reference.

    Runs that cannot be compared are left out, with a sentence for each.
    """
    found, problems = dict[str, Differences](), list[str]()
    for entry in entries:
        baseline = pin or reference_of(entry, entries)
        if baseline is None or baseline.folder == entry.folder:
            continue
        try:
            found[entry.key] = differences(baseline, entry, resamples=resamples)
        except MedtuiError as error:
            problems.append(f"{entry.key} cannot be compared with {baseline.key}: {error.message}")
    return found, problems


def difference_text(metric: Metric, difference: Difference | None) -> str:
    """Return `+0.3 [+0.1, +0.8]`, in percentage points for shares; empty without a difference."""
    if difference is None:
        return ""
    value, low, high = map(metric.show_change, (difference.value, difference.low, difference.high))
    return f"{value} [{low}, {high}]"
