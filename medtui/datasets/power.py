"""Forecasts what the test split can show, from its counts of images and an assumed deviation."""

from medtui.datasets.summary import DatasetSummary
from medtui.metrics import primary_metric
from medtui.metrics.jackknife import detectable
from medtui.metrics.shortage import MIN_POSITIVES, Shortage, unit_of
from medtui.protocol.preflight import SplitPower

PATIENT_DEVIATION = 0.03
"""Assumed standard deviation of the change of one patient's accuracy. The intervals of changes on
malaria cells in `benchmarks/accuracy.md` amount to 1 to 4 points."""

IMAGE_DEVIATION = 0.2
"""The same for single images of unknown patients: 4 % of the answers change."""


def forecast_power(survey: DatasetSummary) -> SplitPower:
    """Return what the test split can show."""
    test, metric = survey.splits[-1], primary_metric(survey.task)
    is_known = test.num_patients is not None
    count = test.num_images if test.num_patients is None else test.num_patients
    needed = metric.min_patients_paired
    shortage = Shortage(count, unit_of(has_patients=is_known), needed)
    deviation = PATIENT_DEVIATION if is_known else IMAGE_DEVIATION
    has_margin = count >= needed and metric.name == "accuracy"
    return SplitPower(
        metric=metric.name,
        num_patients=test.num_patients or 0,
        num_images=test.num_images,
        num_effective=test.num_effective,
        deviation=deviation if has_margin else None,
        margin=detectable(deviation / test.num_effective**0.5, test.num_effective)
        if has_margin
        else None,
        shortage=shortage.reason if count < needed else "",
        rare_classes=[
            name
            for name, positives in test.counts.items()
            if min(positives, test.num_images - positives) < MIN_POSITIVES
        ],
    )
