"""Resolves a card and a preset's data settings to an index with splits. Decodes no image."""

from dataclasses import dataclass, replace
from importlib import import_module
from itertools import compress
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.card import Card, load_card, misnamed_positive
from medtui.datasets.class_weights import count_classes
from medtui.datasets.dicom_headers import add_header_facts
from medtui.datasets.digest import NEWEST_RULE, index_under
from medtui.datasets.findings import Findings, error, note, warning
from medtui.datasets.formats import FORMATS
from medtui.datasets.index import (
    NO_SPLIT,
    SPLITS,
    TRAIN,
    TRAIN_VAL,
    VAL,
    ImageIndex,
    SplitNumbers,
    some,
)
from medtui.datasets.location import images_path, root_of
from medtui.datasets.none_class import none_class_of, none_findings
from medtui.datasets.official_split import read_official
from medtui.datasets.patient_ids import share_findings
from medtui.datasets.progress import Reporter, ignore_progress
from medtui.datasets.split import SplitMethod, even_choice, leaking_patients, split
from medtui.datasets.suggestion.words import other_unit
from medtui.errors import UsageError
from medtui.metrics import positive_class
from medtui.metrics.none_class import NoneClass
from medtui.preset import DataSettings
from medtui.protocol.finding import Finding
from medtui.units import plural

OTHER_UNIT = "no-patients-but-units"
"""Name of the finding that something else, such as lesions, stands for patients."""


@dataclass(frozen=True)
class Source:
    """Index and splits of a data set: everything except the pixels."""

    card: Card
    """Card of the data set, with augmentation and class weights of the preset where it has any."""
    index: ImageIndex
    """Images that belong to a split."""
    splits: SplitNumbers
    """Split number of each image."""
    has_patients: bool
    """Whether patients are known and no patient is in more than one split."""
    findings: Findings
    """What was left out and why, and what looks wrong."""
    split_method: SplitMethod = "patient"
    """How images were assigned to splits; the card's way where the settings say so."""
    has_fractions: bool = True
    """Whether the settings' fractions count: an official split may assign every image."""

    @property
    def positive_class(self) -> str | None:
        """The class that sensitivity and its like are about; None where they average over all."""
        found = positive_class(self.index.classes, self.index.task, self.card.positive)
        return found.name if found else None

    @property
    def none_class(self) -> NoneClass | None:
        """The class that means the absence of others; None where there is none."""
        return none_class_of(self.card, self.index.classes, self.index.task)


def open_source(
    settings: DataSettings,
    digest_rule: int = NEWEST_RULE,
    *,
    cache_dir: Path | None = None,
    report: Reporter = ignore_progress,
) -> Source:
    """Return the images of `settings` with their splits, named and ordered by a digest rule.

    DICOM headers are read into the cache, where the card asks for them.

    Raises:
        DocumentError: the card is not valid.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: the data is missing or cannot be read.
    """
    card, index = open_index(settings, digest_rule, cache_dir=cache_dir, report=report)
    method: SplitMethod = card.split if settings.split == "card" else settings.split
    if method == "official" and card.official is not None:
        root = root_of(card, settings.root)
        official, list_findings = read_official(card.official, root, index)
        findings = (*index.findings, *list_findings)
        index = replace(index, official=official, findings=findings)
    splits = split(index, settings, method)
    has_patients, split_findings = _describe(index, splits, method)
    chosen = _limited(index, splits, settings.limit)
    kept = index if len(chosen) == len(index) else index.choose(chosen)
    published = index.official if method == "official" else None
    is_whole = published is not None and not (published == TRAIN_VAL).any()
    findings = (*index.findings, *_other_unit(card, index), *split_findings)
    return Source(card, kept, splits[chosen], has_patients, findings, method, not is_whole)


def open_index(
    settings: DataSettings,
    digest_rule: int = NEWEST_RULE,
    *,
    cache_dir: Path | None = None,
    report: Reporter = ignore_progress,
) -> tuple[Card, ImageIndex]:
    """Return the card of `settings`, with the preset's keys, and all its images without a split.

    Raises:
        MedtuiError: as for `open_source`.
    """
    card, path = load_card(settings.card)
    card = card.model_copy(update=_given(settings))
    index = index_images(card, path, settings)
    index = index_under(digest_rule, add_header_facts(card, index, cache_dir, report))
    index = replace(index, findings=(*index.findings, *share_findings(index)))
    _check_positive(card, path, index)
    none = none_class_of(card, index.classes, index.task)
    return card, replace(index, findings=(*index.findings, *none_findings(index, none)))


def _given(settings: DataSettings) -> dict[str, object]:
    """Return the keys of a card that the preset overrides."""
    given = {"augment": settings.augment, "class_weights": settings.class_weights}
    return {key: value for key, value in given.items() if value is not None}


def index_images(card: Card, card_path: Path, settings: DataSettings) -> ImageIndex:
    """Return the index of a data set, read in its card's format."""
    row = FORMATS[card.format]
    reader: _Reader = import_module(row.module).index_images
    path = images_path(card, card_path, settings.root)
    index = reader(card, path, settings.size)
    return replace(index, whole_files=index.files)


def _check_positive(card: Card, path: Path, index: ImageIndex) -> None:
    """Check the card's positive class against the classes that were found.

    Raises:
        UsageError: it is none of them, or there are not two.
    """
    if card.positive and (why := misnamed_positive(card.positive, index.classes, index.task)):
        raise UsageError(f"{path}: `positive`: {why}".rstrip(".") + ".")


class _Reader(Protocol):
    """Reads the index of a folder or a file; images are stored with sides of `size` pixels."""

    def __call__(self, card: Card, path: Path, size: int | None, /) -> ImageIndex: ...


def _describe(
    index: ImageIndex, splits: SplitNumbers, method: SplitMethod
) -> tuple[bool, list[Finding]]:
    """Return whether patients are kept apart, and findings about the split."""
    found = []
    if left_out := int((splits == NO_SPLIT).sum()):
        sentence = f"{plural(left_out, 'image')} in no official list left out"
        found.append(note("images-in-no-list", sentence))
    found += _absent_classes(index, splits, method)
    if index.patients is None:
        sentence = "no patient information: images of one patient may be in several splits"
        found.append(warning("no-patients", sentence))
        return False, found
    leaking = leaking_patients(index.patients, splits)
    if method == "image":
        sentence = f"split by image on request: {plural(len(leaking), 'patient')} in several splits"
        found.append(warning("split-by-image", sentence))
    elif leaking:
        sentence = f"the official split has {plural(len(leaking), 'patient')} in several splits"
        found.append(error("shared-patients", f"{sentence}: {some(leaking)}"))
    return not leaking, found


def _other_unit(card: Card, index: ImageIndex) -> list[Finding]:
    """Return a finding where what stands for patients is not patients, by its column's name."""
    column = card.table.patient_column if card.table else ""
    unit = other_unit(column)
    if not unit or index.patients is None:
        return []
    sentence = (
        f"the column {column} does not name patients: each of its values ({unit}) counts as one, "
        "so images of one person may be in several splits, and intervals may be too short"
    )
    return [warning(OTHER_UNIT, sentence)]


def _absent_classes(index: ImageIndex, splits: SplitNumbers, method: SplitMethod) -> list[Finding]:
    """Return findings on splits that lack classes.

    It is an error where an official split lacks a class that another has: its folders or lists
    name the classes differently. In splits that medtui draws it happens by chance, and a class
    without any image is one that the card lists and a subset of the data does not contain.
    """
    counts_SK = np.array(
        [
            count_classes(index.labels[splits == number], index.task, len(index.classes))
            for number in range(len(SPLITS))
        ]
    )
    published_SK = counts_SK.copy()
    if index.official is not None and (index.official == TRAIN_VAL).any():
        published_SK[[TRAIN, VAL]] = counts_SK[TRAIN] + counts_SK[VAL]
    is_wrong_SK = (published_SK == 0) & (counts_SK.sum(axis=0) > 0) & (method == "official")
    found = []
    for number, name in enumerate(SPLITS):
        for rank, is_absent_K in (
            (error, is_wrong_SK[number]),
            (warning, (counts_SK[number] == 0) & ~is_wrong_SK[number]),
        ):
            if is_absent_K.any():
                absent = ", ".join(compress(index.classes, is_absent_K))
                found.append(rank("missing-class", f"{name} has no image of {absent}"))
    return found


def _limited(index: ImageIndex, splits: SplitNumbers, limit: int | None) -> NDArray[np.int64]:
    chosen = []
    for number in range(len(SPLITS)):
        members = np.flatnonzero(splits == number)
        if limit is not None:
            names = [index.names[each] for each in members]
            members = members[even_choice(index.labels[members], names, limit)]
        chosen.append(members)
    return np.sort(np.concatenate(chosen))
