"""The part of a result that concerns one split, computed from predictions. Imports no torch."""

from medtui.analysis.pairing import pair_predictions
from medtui.metrics.class_intervals import ClassIntervals, class_intervals
from medtui.metrics.interval_method import IntervalMethod
from medtui.metrics.interval_reasons import missing_intervals
from medtui.metrics.intervals import metric_intervals
from medtui.metrics.jackknife import effective_number
from medtui.metrics.measurement import measure, measure_classes
from medtui.metrics.operating_points import operating_points
from medtui.metrics.reliability import class_calibrations
from medtui.runs.predictions import RunPredictions
from medtui.runs.result import SplitResult


def measure_split(
    predictions: RunPredictions,
    split: str,
    reference: RunPredictions | None,
    *,
    loss: float,
    method: IntervalMethod = "jackknife",
    resamples: int,
    seed: int,
    has_patients: bool = True,
) -> SplitResult:
    """Return metrics, intervals, metrics per class, and changes relative to `reference`."""
    scores, patients = predictions.scores(split), predictions.split(split).patients
    pair = pair_predictions(reference, predictions, split) if reference else None
    metrics = measure(scores)
    intervals = metric_intervals(scores, patients, method=method, resamples=resamples, seed=seed)
    per_class = measure_classes(scores, predictions.classes)
    of_classes = ClassIntervals()
    if method == "jackknife" and resamples:
        of_classes = class_intervals(scores, patients, predictions.classes, per_class)
    return SplitResult(
        metrics={"loss": loss, **metrics},
        intervals=intervals,
        no_interval=missing_intervals(
            metrics,
            intervals,
            scores,
            patients,
            predictions.classes,
            method=method,
            resamples=resamples,
        ),
        per_class=per_class,
        class_intervals=of_classes.intervals,
        no_class_interval=of_classes.missing,
        num_images=len(patients),
        num_effective=effective_number(patients),
        num_patients=len(set(patients)) if has_patients else 0,
        calibration=class_calibrations(
            scores, predictions.classes, patients, with_intervals=resamples > 0
        ),
        at_sensitivity=operating_points(predictions.scores("val"), scores, predictions.classes),
        reference=measure(pair.reference) if pair else {},
        flips=pair.count_flips() if pair else None,
    )
