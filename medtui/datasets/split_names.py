"""Recognises splits by the names of folders, files and cells: `Training`, `val`, `test_images`."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from medtui.datasets.findings import warning
from medtui.datasets.index import NO_SPLIT, TEST, TRAIN, TRAIN_VAL, VAL, SplitNumbers
from medtui.protocol.finding import Finding
from medtui.units import plural

_WORDS = {
    "train": TRAIN, "training": TRAIN, "trainset": TRAIN,
    "val": VAL, "valid": VAL, "validation": VAL, "validate": VAL, "dev": VAL, "valset": VAL,
    "test": TEST, "testing": TEST, "testset": TEST,
    "trainval": TRAIN_VAL,
}  # fmt: skip
WORD_OF = {TRAIN: "train", VAL: "val", TEST: "test", TRAIN_VAL: "train_val"}
"""Split number to a name that `split_of_name` reads."""

_WORD = re.compile(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]+")


def split_of_name(name: str) -> int | None:
    """Return the split that a folder, a file or a cell is named after; None where it is none.

    `train_val` is `TRAIN_VAL`; a name with words of train and test is none.
    """
    words = (word.lower() for word in _WORD.findall(name))
    found = {_WORDS[word] for word in words if word in _WORDS}
    if found == {TRAIN, VAL}:
        return TRAIN_VAL
    return found.pop() if len(found) == 1 else None


def split_of_folders(paths: Sequence[str], classes: Collection[str] = ()) -> SplitNumbers | None:
    """Return the split of each image according to the folders in its path.

    A folder named like a class is none of a split. None where not both train and test have an
    image.
    """
    known: dict[str, int] = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        if folder not in known:
            splits = (split_of_name(each) for each in folder.split("/") if each not in classes)
            known[folder] = next((split for split in splits if split is not None), NO_SPLIT)
    return complete([known[path.rpartition("/")[0]] for path in paths])


def official_of_rows(
    cells: list[str], files: Sequence[str]
) -> tuple[SplitNumbers | None, list[Finding]]:
    """Return the split by the cells of a table, or by the files' folders where all are empty."""
    if not any(cells):
        return split_of_folders(files), []
    splits = [split_of_name(cell) for cell in cells]
    unknown = Counter(cell for cell, split in zip(cells, splits, strict=True) if split is None)
    findings = [
        warning("unknown-split", f"{plural(count, 'image')} of split `{cell}` are in no split")
        for cell, count in sorted(unknown.items())
    ]
    return complete(NO_SPLIT if split is None else split for split in splits), findings


def complete(splits: Iterable[int]) -> SplitNumbers | None:
    """Return an official split; None where train or test is empty.

    Without val, the train images are marked to be divided into train and val.
    """
    numbers = np.array(list(splits), np.int8)
    present = set(numbers.tolist())
    if TEST not in present or not present & {TRAIN, TRAIN_VAL}:
        return None
    if VAL not in present:
        numbers[numbers == TRAIN] = TRAIN_VAL
    return numbers
