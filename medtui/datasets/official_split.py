"""Reads official split lists: text files with one image name per line."""

from collections import Counter
from pathlib import Path

import numpy as np

from medtui.datasets.card import OfficialSplit
from medtui.datasets.files.matching import match_files
from medtui.datasets.findings import warning
from medtui.datasets.formats.table_files import find_beside
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
from medtui.datasets.tables.text import read_lines
from medtui.errors import UsageError
from medtui.protocol.finding import Finding
from medtui.units import plural


def read_official(
    lists: OfficialSplit, root: Path, index: ImageIndex
) -> tuple[SplitNumbers, list[Finding]]:
    """Return the split number of each image according to the lists, and findings.

    Lines name images as rows of a table do. Where an image is in several lists, the last of
    train_val, train, val and test counts.

    Raises:
        EnvironmentProblem: a list is missing or cannot be read.
        UsageError: no name of a list is an image of the data set.
    """
    paths = [file.removeprefix(f"{root}/") for file in index.files or index.names]
    place_of = {path: at for at, path in enumerate(paths)}
    splits = np.full(len(paths), NO_SPLIT, np.int8)
    num_lists = Counter[str]()
    findings = []
    for number, name in (
        (TRAIN_VAL, lists.train_val),
        (TRAIN, lists.train),
        (VAL, lists.val),
        (TEST, lists.test),
    ):
        if name is None:
            continue
        found, unknown = _images_of(find_beside(root, (name,)), paths)
        num_lists.update(found)
        splits[[place_of[path] for path in found]] = number
        if unknown:
            sentence = f"{plural(len(unknown), 'name')} of {name} without an image: {some(unknown)}"
            findings.append(warning("names-without-image", sentence))
    if several := sorted(path for path, count in num_lists.items() if count > 1):
        sentence = f"{plural(len(several), 'image')} in several official lists"
        used = "each is used in one split: test, else val, else train"
        findings.append(warning("overlapping-lists", f"{sentence}; {used}: {some(several)}"))
    return splits, findings


def _images_of(path: Path, paths: list[str]) -> tuple[set[str], list[str]]:
    """Return the images that a list names, and its names without an image."""
    lines, _ = read_lines(path)
    names = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    matches = match_files(names, paths)
    found = {file for _, file in matches.pairs}
    if names and not found:
        raise UsageError(
            f"{path}: none of its {plural(len(names), 'name')} is an image of the data set: the "
            f"list has `{names[0]}`, the data set has `{paths[0] if paths else 'no image'}`.",
            hint="Set another list, or split in another way: --set data.split=patient",
        )
    return found, [*matches.missing, *matches.ambiguous, *matches.contended]
