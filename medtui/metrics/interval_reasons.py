"""Why a metric of a split has no 95 % interval, in words."""

from collections.abc import Mapping, Sequence

from medtui.events import Metrics
from medtui.metrics.interval_method import IntervalMethod
from medtui.metrics.registry import MIN_IMAGES_OF_CLASS, Metric, reported_metrics
from medtui.metrics.scores import Scores
from medtui.metrics.shortage import classes_left_out, positives_shortage

LOSS = "the training loss is recorded to follow training, not to judge a model"


def rare_classes(scores: Scores) -> list[int]:
    """Return the averaged classes with fewer images, or without it, than an interval needs.

    A mean over classes changes with a few images of them; without any, it is over fewer classes.
    """
    if len(scores.judged) == 1:
        return []
    found = []
    for index in scores.judged:
        labels_N = scores.labels_NK[scores.rows_of(index), index]
        if min(int(labels_N.sum()), int((1 - labels_N).sum())) < MIN_IMAGES_OF_CLASS:
            found.append(index)
    return found


def reason_without(
    metric: Metric, scores: Scores, patients: Sequence[str], classes: Sequence[str],
    *, is_one_of_several: bool = False,
) -> str:  # fmt: skip
    """Return why the jackknife gives no interval of a metric; empty where it does.

    `is_one_of_several` tells that `scores` are of one class of several.
    """
    if not metric.has_interval:
        return metric.no_interval
    count, needed = len(set(patients)), metric.min_patients
    if is_one_of_several:
        needed = max(needed, metric.min_patients_of_several)
    elif metric.is_class_mean and len(scores.judged) > 1:
        needed = max(needed, metric.min_patients_class_mean)
    if count < needed:
        return f"{needed} patients are needed, there are {count}"
    if metric.is_class_mean and (rare := rare_classes(scores)):
        names = ", ".join(classes[index] for index in rare)
        return f"fewer than {MIN_IMAGES_OF_CLASS} images with, or without, {names}"
    if (shortage := positives_shortage(metric, scores)) is not None:
        return shortage.reason
    if lone := classes_left_out(metric, scores, patients):
        names = ", ".join(classes[index] for index in lone)
        return f"one patient alone has all images with, or without, {names}"
    return ""


def missing_intervals(
    metrics: Metrics,
    intervals: Mapping[str, tuple[float, float]],
    scores: Scores,
    patients: Sequence[str],
    classes: Sequence[str],
    *,
    method: IntervalMethod,
    resamples: int,
) -> dict[str, str]:
    """Return each measured metric without an interval, and the reason."""
    found = {"loss": LOSS}
    for metric in reported_metrics(scores.task):
        if metrics.get(metric.name) is None or metric.name in intervals:
            continue
        if not resamples:
            found[metric.name] = "evaluate.bootstrap is 0"
        elif method == "percentile" and metric.has_interval:
            found[metric.name] = "no sample defines it"
        else:
            reason = reason_without(metric, scores, patients, classes)
            found[metric.name] = reason or "it does not vary between patients"
    return found
