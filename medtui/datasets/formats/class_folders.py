"""Class folders: `Parasitized/*.png` and `Uninfected/*.png`."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medtui.datasets.card import Card
from medtui.datasets.file_scan import Scan, scan
from medtui.datasets.findings import Findings, note, warning
from medtui.datasets.index import (
    NO_SPLIT,
    TEST,
    TRAIN,
    TRAIN_VAL,
    VAL,
    ImageIndex,
    SplitNumbers,
    some,
)
from medtui.errors import EnvironmentProblem, UsageError
from medtui.protocol.finding import Finding
from medtui.units import plural

_SPLIT_OF = {"train": TRAIN, "val": VAL, "valid": VAL, "validation": VAL, "test": TEST}


def index_images(card: Card, root: Path, size: int | None) -> ImageIndex:
    """Return the index of the images below folders named like classes, at any depth.

    Raises:
        EnvironmentProblem: the root is missing, or a class of the card has no image.
        UsageError: there are fewer than two class folders.
    """
    found = scan(root)
    findings = [*found.findings, *_drop_nested_copies(found, root)]
    classes = card.classes or _class_names(found.files)
    if len(classes) < 2:  # noqa: PLR2004 - fewer make no classifier
        raise UsageError(
            f"{root}: two or more class folders are needed; found {some(list(classes)) or 'none'}.",
            hint="Put the images of each class into a folder named after the class.",
        )
    number_of = {name: number for number, name in enumerate(classes)}
    names, labels, strays = list[str](), list[int](), list[str]()
    for name in found.files:
        number = _class_of(name, number_of)
        if number is None:
            strays.append(name)
        else:
            names.append(name)
            labels.append(number)
    _check_classes(root, classes, labels)
    if strays:
        sentence = f"{plural(len(strays), 'image')} outside the class folders"
        findings.append(warning("images-outside-classes", f"{sentence}: {some(strays)}"))
    patients, unknown = patients_by_pattern(card.patient, names)
    return ImageIndex(
        classes=tuple(classes),
        task="single",
        channels=card.channels or 3,
        size=size or card.size or 0,
        names=names,
        labels=np.array(labels, np.int64),
        patients=patients,
        files=[f"{root}/{name}" for name in names],
        official=_split_folders(names),
        findings=(*findings, *unknown),
    )


def patients_by_pattern(pattern: str, names: list[str]) -> tuple[list[str] | None, Findings]:
    """Return each image's patient according to its file name.

    A name that does not match the pattern is its own patient and is counted in a finding.
    """
    if not pattern:
        return None, ()
    compiled = re.compile(pattern)
    patients, misfits = [], []
    for name in names:
        match = compiled.search(name.rpartition("/")[2])
        if match is None:
            misfits.append(name)
        patients.append(name if match is None else match[1] if match.groups() else match[0])
    if len(misfits) == len(names):
        sentence = f"the card's patient pattern {pattern!r} matches no file name"
        return None, (warning("no-patient-matches", sentence),)
    if not misfits:
        return patients, ()
    sentence = (
        f"the patient pattern does not match {plural(len(misfits), 'name')}, "
        f"each treated as a separate patient: {some(misfits)}"
    )
    return patients, (warning("images-without-patient", sentence),)


def _drop_nested_copies(found: Scan, root: Path) -> list[Finding]:
    """Drop `cells/A/1.png` where `A/1.png` has the same size: an archive unpacked into itself.

    The malaria set is published in this form on Kaggle, with every image twice.
    """
    known = set(found.files)
    copies = {
        name
        for name in found.files
        if any(inner in known and _are_alike(root / name, root / inner) for inner in _inner(name))
    }
    if not copies:
        return []
    found.files = [name for name in found.files if name not in copies]
    sentence = f"{plural(len(copies), 'nested copy')} skipped: {some(sorted(copies))}"
    return [note("nested-copies", sentence)]


def _are_alike(first: Path, second: Path) -> bool:
    try:
        return first.stat().st_size == second.stat().st_size
    except OSError:
        return False


def _inner(name: str) -> Iterator[str]:
    """Yield `b/c.png` for `a/b/c.png`, but never the bare file name."""
    while name.count("/") > 1:
        name = name.partition("/")[2]
        yield name


def _split_folders(names: list[str]) -> SplitNumbers | None:
    """Read the split from folders named train, val and test.

    Without val, the train images are marked to be divided into train and val.
    """
    splits = [
        next(
            (_SPLIT_OF[each] for each in name.lower().split("/")[:-1] if each in _SPLIT_OF),
            NO_SPLIT,
        )
        for name in names
    ]
    if not {TRAIN, TEST} <= set(splits):
        return None
    if VAL not in splits:
        splits = [TRAIN_VAL if split == TRAIN else split for split in splits]
    return np.array(splits, np.int8)


def _class_of(name: str, number_of: dict[str, int]) -> int | None:
    """Return the class of the innermost folder that is named like a class."""
    for part in name.split("/")[-2::-1]:
        if part in number_of:
            return number_of[part]
    return None


def _class_names(files: list[str]) -> tuple[str, ...]:
    """Return the folders that directly contain images."""
    return tuple(sorted({name.split("/")[-2] for name in files if "/" in name}))


def _check_classes(root: Path, classes: tuple[str, ...], labels: list[int]) -> None:
    counts = Counter(labels)
    empty = [name for number, name in enumerate(classes) if not counts[number]]
    if empty:
        raise EnvironmentProblem(
            f"{root}: no image of class {some(empty)}; looked for folders {', '.join(classes)}.",
            hint="Set the folder of the images: --set data.root=/path/to/images",
        )
