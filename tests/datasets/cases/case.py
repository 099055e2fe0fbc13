"""What the right answer to a file set is, and how it compares with what medtui reads."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from medtui.datasets.index import SPLITS, ImageIndex
from medtui.datasets.resolve import Source
from medtui.preset import DataSettings

DATA_NEW = ""
"""In place of a card: the card is the one that `medtui data new` writes."""

OPEN = "train or val"
"""Split of an image that an official list leaves to train and val."""


@dataclass(frozen=True)
class Picture:
    """The right answer for one image."""

    labels: frozenset[str]
    """Its classes; empty where it has none of them."""
    patient: str = ""
    """Any name of its patient; empty where the image is a patient of its own."""
    split: str = ""
    """Official split, or `OPEN`; empty where the split is drawn."""


@dataclass(frozen=True)
class Case:
    """A drawn file set and its right answer: a table of images, or a refusal."""

    root: Path
    """Folder or npz file that the user names."""
    pictures: dict[str, Picture] = field(default_factory=dict)
    """File relative to the root, or name in an npz file, to its answer."""
    classes: tuple[str, ...] | None = None
    """Classes in the order of the logits; None where the order is free."""
    card: str = DATA_NEW
    """Text of a card, or the name of a shipped one."""
    split: str = "card"
    """As `data.split` of a preset."""
    choices: dict[str, list[str]] = field(default_factory=dict)
    """What `medtui data new` has to be told, by option; empty where nothing is open."""
    refusal: str = ""
    """Pattern of the message that refuses the set; empty where it is read."""
    errors: frozenset[str] = frozenset()
    """Names of the findings that stop a study of it."""
    findings: frozenset[str] = frozenset()
    """Names of findings below an error that must be among those reported."""
    positive: str | None = None
    """Class that sensitivity is about; None where it is not checked."""
    unknown: dict[str, frozenset[str]] = field(default_factory=dict)
    """File to the labels that its row leaves uncertain; files without any are left out."""


Draw = Callable[[Path], Case]
"""Draws a case into an empty folder."""


def picture(label: str | Iterable[str], patient: object = "", split: str = "") -> Picture:
    """Return the answer of an image with one label or several."""
    labels = [label] if isinstance(label, str) else label
    return Picture(frozenset(labels), str(patient), split)


def settings_of(case: Case, card: str) -> DataSettings:
    """Return the settings that read a case by a card."""
    return DataSettings.model_validate({"card": card, "root": str(case.root), "split": case.split})


def pictures_in(source: Source, root: Path) -> dict[str, tuple[frozenset[str], str]]:
    """Return what medtui read: file to its labels and split."""
    index = source.index
    return {
        name: (_labels(index, at), SPLITS[source.splits[at]])
        for at, name in enumerate(files_of(index, root))
    }


def expected_pictures(
    case: Case, found: dict[str, tuple[frozenset[str], str]]
) -> dict[str, tuple[frozenset[str], str]]:
    """Return the right answer in the same form; a split that is free takes what was found."""
    expected = {}
    for name, truth in case.pictures.items():
        split = found[name][1] if name in found else "none"
        is_free = not truth.split or (truth.split == OPEN and split in {"train", "val"})
        expected[name] = (truth.labels, split if is_free else truth.split)
    return expected


def unknown_in(source: Source, root: Path) -> dict[str, frozenset[str]]:
    """Return the labels that are masked, of files that have any."""
    index = source.index
    if index.mask is None:
        return {}
    masked = {
        name: frozenset(one for one, known in zip(index.classes, row, strict=True) if not known)
        for name, row in zip(files_of(index, root), index.mask, strict=True)
    }
    return {name: labels for name, labels in masked.items() if labels}


def groups_in(source: Source, root: Path) -> set[frozenset[str]]:
    """Return the sets of files that belong to one patient, whatever the patient is called."""
    names = files_of(source.index, root)
    return _grouped(zip(names, source.index.patients or names, strict=True))


def expected_groups(case: Case) -> set[frozenset[str]]:
    """Return the right sets of files of one patient."""
    return _grouped(
        (name, truth.patient or f"the patient of {name}") for name, truth in case.pictures.items()
    )


def files_of(index: ImageIndex, root: Path) -> list[str]:
    """Return each image's file relative to the root, or its name in an npz file."""
    if index.files is None:
        return index.names
    return [Path(file).relative_to(root).as_posix() for file in index.files]


def _labels(index: ImageIndex, at: int) -> frozenset[str]:
    if index.task == "single":
        return frozenset({index.classes[int(index.labels[at])]})
    return frozenset(
        name for name, value in zip(index.classes, index.labels[at], strict=True) if value
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    groups = defaultdict[str, set[str]](set)
    for name, patient in pairs:
        groups[patient].add(name)
    return {frozenset(group) for group in groups.values()}
