"""What a data set holds, counted without decoding an image: for `--dry-run` and the form."""

from dataclasses import dataclass

import numpy as np

from medtui.datasets.card import Card
from medtui.datasets.class_weights import count_classes, weigh_classes
from medtui.datasets.index import PARTS, PartName
from medtui.datasets.resolve import Source, open_source
from medtui.metrics.task import Task
from medtui.preset import DataSettings


@dataclass(frozen=True)
class PartSurvey:
    """One part's counts."""

    name: PartName
    """`train`, `val` or `test`."""
    num_images: int
    """Images with a label, readable or not."""
    num_patients: int | None
    """Patients; None where nothing tells."""
    counts: dict[str, int]
    """Images of each class."""


@dataclass(frozen=True)
class Survey:
    """A data set's counts."""

    card: Card
    """What the data set is."""
    classes: tuple[str, ...]
    """In the order of the logits."""
    task: Task
    """One class per image, or any number of them."""
    channels: int
    """1 or 3."""
    size: int
    """Side of the images in pixels."""
    parts: tuple[PartSurvey, ...]
    """Train, val and test."""
    class_weights: tuple[float, ...]
    """Weight of each class in the loss, by the card's rule, from train."""
    has_patients: bool
    """Whether known patients are kept apart."""
    notes: tuple[str, ...]
    """What was left out or should be known, in sentences with counts."""


def survey_dataset(settings: DataSettings) -> Survey:
    """Count what `settings` name.

    Raises:
        DocumentError: the card is no card.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: the data is missing or cannot be read.
    """
    return survey_source(open_source(settings))


def survey_source(source: Source) -> Survey:
    """Count a source that is already listed and divided."""
    listing = source.listing
    parts = tuple(_survey_part(source, number, name) for number, name in enumerate(PARTS))
    return Survey(
        card=source.card,
        classes=listing.classes,
        task=listing.task,
        channels=listing.channels,
        size=listing.size,
        parts=parts,
        class_weights=weigh_classes(list(parts[0].counts.values()), source.card.class_weights),
        has_patients=source.has_patients,
        notes=source.notes,
    )


def _survey_part(source: Source, number: int, name: PartName) -> PartSurvey:
    members = np.flatnonzero(source.parts == number)
    listing = source.listing.choose(members)
    counts = count_classes(listing.labels, listing.task, len(listing.classes))
    return PartSurvey(
        name=name,
        num_images=len(members),
        num_patients=None if listing.patients is None else len(set(listing.patients)),
        counts=dict(zip(listing.classes, counts.tolist(), strict=True)),
    )
