"""Child process that inspects a data set: `python -m medtui.datasets.inspection`.

It sends a `DataReport`, preceded by progress where every image is read.
"""

import time
from collections.abc import Callable
from dataclasses import asdict

from medtui.datasets.check import check_dataset
from medtui.datasets.class_weights import describe_weights
from medtui.datasets.findings import Findings, by_rank
from medtui.datasets.power import forecast_power
from medtui.datasets.preview import choose_previews, decode_images, preview_of
from medtui.datasets.progress import Progress
from medtui.datasets.resolve import Source, open_source
from medtui.datasets.summary import DatasetSummary, summarise_source
from medtui.errors import MedtuiError
from medtui.form_hints import for_form
from medtui.preset import DataSettings
from medtui.protocol.dataset import (
    Checked,
    DataReport,
    DatasetRequest,
    PreviewImage,
    Reading,
    SplitCount,
)
from medtui.protocol.stdio import MessageWriter, read_request

PROGRESS_SECONDS = 0.5
"""Interval between progress messages."""


def look(settings: DataSettings) -> DataReport:
    """Return the report on a data set, without reading all its images."""
    try:
        source = open_source(settings)
        summary = summarise_source(source)
    except MedtuiError as error:
        return _refused(error)
    return _found(summary, source.findings, previews=_previews(source))


def look_at_every_image(settings: DataSettings, report: Callable[[Progress], None]) -> DataReport:
    """Return the report on a data set after reading all its images."""
    try:
        check = check_dataset(settings, progress=report)
    except MedtuiError as error:
        return _refused(error)
    checked = Checked(check.kinds, check.sides, check.mean, check.std, check.bad, check.aspects)
    return _found(check.summary, check.findings, checked=checked)


def _refused(error: MedtuiError) -> DataReport:
    """Return an error as a report, with its hint for a form in place of the command line's."""
    return DataReport(problem=for_form(str(error)))


def _found(
    summary: DatasetSummary,
    findings: Findings,
    previews: list[PreviewImage] | None = None,
    checked: Checked | None = None,
) -> DataReport:
    return DataReport(
        title=summary.card.title or summary.card.name,
        classes=list(summary.classes),
        positive_class=summary.positive_class,
        augment=summary.card.augment.summary,
        class_weights=dict(zip(summary.classes, summary.class_weights, strict=True)),
        class_weight_rule=describe_weights(summary.card.class_weights),
        size=summary.size,
        channels=summary.channels,
        task=summary.task,
        has_patients=summary.has_patients,
        splits=[
            SplitCount(
                split.name, split.num_images, split.num_patients, split.counts, split.patients
            )
            for split in summary.splits
        ],
        split_method=summary.split_method,
        has_fractions=summary.has_fractions,
        images_by_patient=list(summary.images_by_patient),
        power=forecast_power(summary),
        findings=by_rank(findings),
        previews=previews or [],
        checked=checked,
    )


def _previews(source: Source) -> list[PreviewImage]:
    index, labels = choose_previews(source)
    decoded = decode_images(source.card, index)
    return [
        PreviewImage(label, preview_of(image))
        for label, image in zip(labels, decoded, strict=True)
        if image is not None
    ]


def main() -> None:
    """Answer one request from stdin."""
    answers = MessageWriter()
    request = read_request(DatasetRequest)
    settings = DataSettings.model_validate_json(request.settings)
    if not request.is_every_image_read:
        answers.send(look(settings))
        return
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            answers.send(Reading(**asdict(progress)))

    answers.send(look_at_every_image(settings, report))


if __name__ == "__main__":
    main()
