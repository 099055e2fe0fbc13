"""Class folders: `Parasitized/*.png` and `Uninfected/*.png`."""

import filecmp
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medtui.datasets.card import Card
from medtui.datasets.class_names import prefix_findings, spelling_findings, spelling_key
from medtui.datasets.files.ignored import IgnoreRules
from medtui.datasets.files.scan import Scan, require_images, scan
from medtui.datasets.findings import note, warning
from medtui.datasets.index import ImageIndex, SplitNumbers, some
from medtui.datasets.patient_ids import patients_by_pattern
from medtui.datasets.split_names import split_of_folders
from medtui.errors import EnvironmentProblem, UsageError
from medtui.protocol.finding import Finding
from medtui.units import plural


def index_images(card: Card, root: Path, size: int | None) -> ImageIndex:
    """Return the index of the images below folders named like classes, at any depth.

    Raises:
        EnvironmentProblem: the root is missing, or a class of the card has no image.
        UsageError: there are fewer than two class folders.
    """
    found = scan(root, IgnoreRules(card.ignore, (*card.classes, *card.aliases)))
    require_images(found, root)
    findings = [*found.findings, *_drop_nested_copies(found, root)]
    folder_of = {name: _class_folder(name, card) for name in found.files}
    classes = card.classes or _class_names(folder_of, card)
    if len(classes) < 2:  # noqa: PLR2004 - fewer make no classifier
        raise UsageError(
            f"{root}: two or more class folders are needed; found {some(list(classes)) or 'none'}.",
            hint="Put the images of each class into a folder named after the class.",
        )
    names = [name for name, folder in folder_of.items() if folder is not None]
    found_classes = [card.aliases.get(folder, folder) for folder in folder_of.values() if folder]
    number_of = {name: number for number, name in enumerate(classes)}
    labels = [number_of[each] for each in found_classes]
    _check_classes(root, classes, labels)
    official = split_of_folders(names, {*classes, *card.aliases})
    strays = [name for name, folder in folder_of.items() if folder is None]
    findings += [
        *_stray_findings(strays, classes, card),
        *spelling_findings(classes),
        *_prefix_findings(found_classes, official),
    ]
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
        official=official,
        findings=(*findings, *unknown),
    )


def _drop_nested_copies(found: Scan, root: Path) -> list[Finding]:
    """Drop `cells/A/1.png` where `A/1.png` has the same bytes: an archive unpacked into itself.

    The malaria set is published in this form on Kaggle, with every image twice.
    """
    known = set(found.files)
    copies = {
        name
        for name in found.files
        if any(inner in known and _are_equal(root / name, root / inner) for inner in _inner(name))
    }
    if not copies:
        return []
    found.files = [name for name in found.files if name not in copies]
    sentence = f"{plural(len(copies), 'nested copy')} skipped: {some(sorted(copies))}"
    return [note("nested-copies", sentence)]


def _are_equal(first: Path, second: Path) -> bool:
    """Return whether two files have the same bytes; sizes are compared first."""
    try:
        return filecmp.cmp(first, second, shallow=False)
    except OSError:
        return False


def _inner(name: str) -> Iterator[str]:
    """Yield `b/c.png` for `a/b/c.png`, but never the bare file name."""
    while name.count("/") > 1:
        name = name.partition("/")[2]
        yield name


def _class_folder(name: str, card: Card) -> str | None:
    """Return the folder that names an image's class, or None.

    It is the innermost one that the card knows, or the one with the image where it knows none.
    """
    folders = name.split("/")[-2::-1]
    known = {*card.classes, *card.aliases}
    innermost = folders[0] if folders and not card.classes else None
    return next((each for each in folders if each in known), innermost)


def _class_names(folder_of: dict[str, str | None], card: Card) -> tuple[str, ...]:
    """Return the classes of the folders that contain images."""
    return tuple(sorted({card.aliases.get(each, each) for each in folder_of.values() if each}))


def _stray_findings(strays: list[str], classes: tuple[str, ...], card: Card) -> list[Finding]:
    """Return findings on images in no class folder; an error where it is a matter of spelling."""
    if not strays:
        return []
    sentence = f"{plural(len(strays), 'image')} outside the class folders: {some(strays)}"
    findings = [warning("images-outside-classes", sentence)]
    keys = {spelling_key(each) for each in (*classes, *card.aliases)}
    misspelled = {folder for name in strays for folder in name.split("/")[:-1]}
    alike = [folder for folder in misspelled if spelling_key(folder) in keys]
    return [*findings, *(spelling_findings([*classes, *alike]) if alike else [])]


def _prefix_findings(classes: list[str], official: SplitNumbers | None) -> list[Finding]:
    if official is None:
        return []
    splits_of = defaultdict[str, set[int]](set)
    for name, split in zip(classes, official.tolist(), strict=True):
        splits_of[name].add(split)
    return prefix_findings(splits_of)


def _check_classes(root: Path, classes: tuple[str, ...], labels: list[int]) -> None:
    counts = Counter(labels)
    empty = [name for number, name in enumerate(classes) if not counts[number]]
    if empty:
        raise EnvironmentProblem(
            f"{root}: no image of class {some(empty)}; looked for folders {', '.join(classes)}.",
            hint="Set the folder of the images: --set data.root=/path/to/images",
        )
