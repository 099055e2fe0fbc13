"""Inspects a data set for a screen: `python -m medtui.datasets.inspection` sends a `DataReport`.

Where every image is read, it also sends how far that has come.
"""

import time
from collections.abc import Callable
from dataclasses import asdict

from medtui.datasets.check import check_dataset
from medtui.datasets.preview import choose_samples, decode_samples, picture_of
from medtui.datasets.progress import Progress
from medtui.datasets.resolve import Source, open_source
from medtui.datasets.summary import Survey, survey_source
from medtui.errors import MedtuiError
from medtui.preset import DataSettings
from medtui.protocol.dataset import (
    Checked,
    DataReport,
    DatasetRequest,
    PartCount,
    Reading,
    Sample,
)
from medtui.protocol.stdio import MessageWriter, read_request

TELL_SECONDS = 0.5
"""How often progress is told."""


def look(settings: DataSettings) -> DataReport:
    """Look at a data set in this process."""
    try:
        source = open_source(settings)
        survey = survey_source(source)
    except MedtuiError as error:
        return _refused(error)
    return _found(survey, source.notes, samples=_samples(source))


def look_at_every_image(settings: DataSettings, tell: Callable[[Progress], None]) -> DataReport:
    """Look at all images of a data set in this process."""
    try:
        check = check_dataset(settings, progress=tell)
    except MedtuiError as error:
        return _refused(error)
    checked = Checked(check.kinds, check.sides, check.mean, check.std, check.bad)
    return _found(check.survey, check.notes, checked=checked)


def _refused(error: MedtuiError) -> DataReport:
    """Return an error as the form words it; cures are worded for the command line."""
    return DataReport(problem=str(error).replace("--set data.", ""))


def _found(
    survey: Survey,
    notes: tuple[str, ...],
    samples: list[Sample] | None = None,
    checked: Checked | None = None,
) -> DataReport:
    return DataReport(
        title=survey.card.title or survey.card.name,
        classes=list(survey.classes),
        size=survey.size,
        channels=survey.channels,
        task=survey.task,
        has_patients=survey.has_patients,
        parts=[
            PartCount(part.name, part.num_images, part.num_patients, part.counts)
            for part in survey.parts
        ],
        notes=list(notes),
        samples=samples or [],
        checked=checked,
    )


def _samples(source: Source) -> list[Sample]:
    listing, labels = choose_samples(source)
    decoded = decode_samples(listing)
    return [
        Sample(label, picture_of(image))
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

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_SECONDS:
            last = time.monotonic()
            answers.send(Reading(**asdict(progress)))

    answers.send(look_at_every_image(settings, tell))


if __name__ == "__main__":
    main()
