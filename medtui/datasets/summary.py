"""Counts of a data set without decoding its images: for `--dry-run` and the Data screen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.card import Card
from medtui.datasets.class_weights import count_classes, weigh_classes
from medtui.datasets.findings import Findings
from medtui.datasets.index import SPLITS, ImageIndex, SplitName
from medtui.datasets.resolve import Source, open_source
from medtui.datasets.split import SplitMethod
from medtui.metrics.jackknife import effective_number
from medtui.metrics.task import Task
from medtui.preset import DataSettings


@dataclass(frozen=True)
class SplitSummary:
    """Counts of one split."""

    name: SplitName
    """`train`, `val` or `test`."""
    num_images: int
    """Labelled images, readable or not."""
    num_patients: int | None
    """Number of patients; None where unknown."""
    num_effective: float
    """Patients, or where unknown images, of equal size that would inform as much."""
    counts: dict[str, int]
    """Class to its number of images."""
    patients: dict[str, int]
    """Class to its number of patients; empty where patients are unknown."""


@dataclass(frozen=True)
class DatasetSummary:
    """Counts of a data set."""

    card: Card
    """Card of the data set."""
    classes: tuple[str, ...]
    """Class names in the order of the logits."""
    positive_class: str | None
    """The class that sensitivity and its like are about; None where they average over classes."""
    none_class: str | None
    """The class, such as No Finding, that means the absence of others; None where there is none."""
    task: Task
    """One class per image, or any number of them."""
    channels: int
    """1 or 3."""
    size: int
    """Side of the images in pixels."""
    splits: tuple[SplitSummary, ...]
    """Train, val and test."""
    class_weights: tuple[float, ...]
    """Loss weight of each class, by the card's rule, from train."""
    images_by_patient: tuple[int, ...]
    """Number of images of each patient, in ascending order; empty where patients are unknown."""
    has_patients: bool
    """Whether patients are known and no patient is in more than one split."""
    findings: Findings
    """What was left out and why, and what looks wrong."""
    split_method: SplitMethod
    """How images were assigned to splits."""
    has_fractions: bool
    """Whether the settings' fractions count."""


def summarise_dataset(settings: DataSettings) -> DatasetSummary:
    """Return the counts of the data set of `settings`.

    Raises:
        DocumentError: the card is not valid.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: the data is missing or cannot be read.
    """
    return summarise_source(open_source(settings))


def summarise_source(source: Source) -> DatasetSummary:
    """Return the counts of a source that is already indexed and split."""
    index = source.index
    splits = tuple(_summarise_split(source, number, name) for number, name in enumerate(SPLITS))
    return DatasetSummary(
        card=source.card,
        classes=index.classes,
        positive_class=source.positive_class,
        none_class=source.none_class.name if source.none_class else None,
        task=index.task,
        channels=index.channels,
        size=index.size,
        splits=splits,
        class_weights=weigh_classes(list(splits[0].counts.values()), source.card.class_weights),
        images_by_patient=tuple(sorted(Counter(index.patients or ()).values())),
        has_patients=source.has_patients,
        findings=source.findings,
        split_method=source.split_method,
        has_fractions=source.has_fractions,
    )


def _summarise_split(source: Source, number: int, name: SplitName) -> SplitSummary:
    members = np.flatnonzero(source.splits == number)
    index = source.index.choose(members)
    counts = count_classes(index.labels, index.task, len(index.classes))
    return SplitSummary(
        name=name,
        num_images=len(members),
        num_patients=None if index.patients is None else len(set(index.patients)),
        num_effective=_num_effective(index.patients, len(members)),
        counts=dict(zip(index.classes, counts.tolist(), strict=True)),
        patients=_patients_by_class(index),
    )


def _patients_by_class(index: ImageIndex) -> dict[str, int]:
    """Return how many patients have an image of each class; empty where patients are unknown."""
    if index.patients is None:
        return {}
    patients = np.array(index.patients)
    return {
        name: len(np.unique(patients[_of_class(index, number)]))
        for number, name in enumerate(index.classes)
    }


def _num_effective(patients: Sequence[str] | None, num_images: int) -> float:
    if patients is None or num_images == 0:
        return float(num_images)
    return effective_number(patients)


def _of_class(index: ImageIndex, number: int) -> NDArray[np.bool_]:
    """Return which images have a class, (N,)."""
    if index.task == "multi":
        return np.asarray(index.labels[:, number] > 0)
    return np.asarray(index.labels == number)
