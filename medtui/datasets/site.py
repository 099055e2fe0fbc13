"""A labelled data set as a finished model sees it: its preprocessing, its classes, nothing chosen.

Its images are compared with those that the model was trained on, or chosen by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.card import Card, load_card
from medtui.datasets.class_mapping import MappedLabels, map_labels
from medtui.datasets.dataset import Dataset, SplitData
from medtui.datasets.decoding.image_stats import hash_image
from medtui.datasets.digest import NEWEST_RULE, digest_of
from medtui.datasets.findings import sentences
from medtui.datasets.foreign import decode_for
from medtui.datasets.index import SPLITS, TEST, ImageIndex, SplitNumbers
from medtui.datasets.location import images_path
from medtui.datasets.pixel_stats import Pixels
from medtui.datasets.progress import Reporter, ignore_progress
from medtui.datasets.resolve import open_index, open_source
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.metrics import Task
from medtui.preset import DataSettings
from medtui.preset.external import ExternalSite
from medtui.runs.external_record import NUM_NAMED, TrainingOverlap
from medtui.runs.model_record import ModelRecord, Preprocessing
from medtui.runs.patient_groups import SplitLine


@dataclass(frozen=True)
class Site:
    """A data set's images and labels, in the classes of a model."""

    card: Card
    part: SplitData
    digest: str
    """sha256 over images, labels, names and patients."""
    labels: MappedLabels
    hashes: list[str]
    """Hash of each image's pixels."""
    has_patients: bool
    num_bad: int
    findings: list[str]


def open_site(
    site: ExternalSite,
    record: ModelRecord,
    home: DataSettings,
    digest_rule: int = NEWEST_RULE,
    report: Reporter = ignore_progress,
    *,
    is_sealed: bool = False,
) -> Site:
    """Return a data set, decoded for a model, with labels in its classes.

    `home` are the settings of the model's own data set: if the site is the same, its split, limit
    and names are those of the run; otherwise the test split is drawn with the same seed and shares.

    Raises:
        DocumentError: the card is not valid.
        UsageError: card and data do not fit together, or share no class with the model; or it is
            the run's own data set, and its test `is_sealed`.
        EnvironmentProblem: the data is missing, cannot be read, or has no usable image.
    """
    settings, rule = _settings_of(site, record, home, digest_rule, is_sealed=is_sealed)
    card, index = _chosen(settings, rule, site.split, report)
    labels = map_labels(index, record.classes, record.task, site.classes)
    found = decode_for(card, labels.index, record.preprocessing, report)
    good = np.array(
        [row for row in range(len(labels.index)) if row not in found.pixels.bad], np.int64
    )
    if not len(good):
        raise EnvironmentProblem(
            f"{site.name}: none of its {len(labels.index):,} images is readable."
        )
    kept, pixels = found.index.choose(good), found.pixels.choose(good)
    kept = replace(kept, classes=(*record.classes,))
    return Site(
        card=found.card,
        part=_part_of(kept, pixels),
        digest=digest_of(kept, np.zeros(len(kept), np.int8), pixels, NEWEST_RULE),
        labels=labels,
        hashes=pixels.hashes_N,
        has_patients=index.patients is not None,
        num_bad=len(labels.index) - len(good),
        findings=[*sentences(index.findings)],
    )


def check_site(site: ExternalSite, classes: Sequence[str], task: Task) -> None:
    """Check that a data set is there, and has a class of a model; no image is decoded.

    Raises:
        MedtuiError: as for `open_site`.
    """
    _, index = open_index(DataSettings(card=site.card, root=site.root))
    map_labels(index, classes, task, site.classes)


def _settings_of(
    site: ExternalSite, record: ModelRecord, home: DataSettings, digest_rule: int, *,
    is_sealed: bool,
) -> tuple[DataSettings, int]:  # fmt: skip
    """Return the settings of a site: the run's own where it is its data set.

    Raises:
        UsageError: it is, and its test is sealed.
    """
    size = record.preprocessing.size
    settings = DataSettings(
        card=site.card, root=site.root, size=size, seed=home.seed, fractions=home.fractions
    )
    if (place := _place(settings)) is not None and place == _place(home):
        if is_sealed:
            raise UsageError(
                f"{site.name} is the run's own data set, whose test is sealed.",
                hint="`medtui gate` opens it by a plan, and records the look.",
            )
        return home.model_copy(update={"size": size}), digest_rule
    return settings, NEWEST_RULE


def _place(settings: DataSettings) -> tuple[str, str] | None:
    """Return card and images of settings; None where they are not there."""
    try:
        card, path = load_card(settings.card)
        return str(path.resolve()), str(images_path(card, path, settings.root).resolve())
    except MedtuiError:
        return None


def _chosen(
    settings: DataSettings, rule: int, split: str, report: Reporter
) -> tuple[Card, ImageIndex]:
    if split == "all":
        return open_index(settings, rule, report=report)
    source = open_source(settings, rule, report=report)
    index = source.index.choose(np.flatnonzero(source.splits == TEST))
    return source.card, replace(index, findings=source.findings)


def _part_of(index: ImageIndex, pixels: Pixels) -> SplitData:
    return SplitData(
        images_NHWC=pixels.images_NHWC,
        labels=index.labels,
        names=index.names,
        patients=index.names if index.patients is None else index.patients,
        subgroups=index.subgroups,
        mask=index.mask,
    )


@dataclass(frozen=True)
class HomeImages:
    """Hashes of the pixels of the images that a run was trained on, or chosen by."""

    name_of: dict[str, str]
    """Hash to the name of an image of train or val."""
    unsearched: str = ""
    """Why there are none; empty where the data set was read."""


def home_images(
    home: DataSettings, how: Preprocessing, digest_rule: int, report: Reporter = ignore_progress
) -> HomeImages:
    """Return the train and val images of a run's own data set, from the cache where they are."""
    try:
        source = open_source(home, digest_rule, report=report)
        pixels = decode_for(source.card, source.index, how, report).pixels
    except MedtuiError as error:
        return HomeImages({}, f"the run's own data set cannot be read: {error.message}")
    return HomeImages(_trained_on(source.index.names, source.splits, pixels))


def home_of(dataset: Dataset) -> HomeImages:
    """Return the same of a data set that is in memory."""
    return HomeImages(
        {
            hash_image(image_HWC): name
            for part in (dataset.train, dataset.val)
            for name, image_HWC in zip(part.names, part.images_NHWC, strict=True)
        }
    )


def _trained_on(names: list[str], splits: SplitNumbers, pixels: Pixels) -> dict[str, str]:
    rows: NDArray[np.int64] = np.flatnonzero(splits != TEST)
    return {pixels.hashes_N[row]: names[row] for row in rows.tolist() if row not in pixels.bad}


def find_overlap(site: Site, lines: Sequence[SplitLine], home: HomeImages) -> TrainingOverlap:
    """Return which patients and pixels of a site are in a run's train or val split.

    Patients are compared by their identifiers: in data sets of different origin, equal ones may be
    different people.
    """
    known = {line.patient for line in lines if line.part != SPLITS[TEST] and line.patient}
    if not site.has_patients or all(line.patient == line.name for line in lines):
        known = set()
    patients = sorted(known.intersection(site.part.patients))
    copies = [
        (name, home.name_of[key])
        for name, key in zip(site.part.names, site.hashes, strict=True)
        if key in home.name_of
    ]
    return TrainingOverlap(
        len(patients), patients[:NUM_NAMED], len(copies), copies[:NUM_NAMED], home.unsearched
    )
