"""Digest of a data set, the same on every machine, and its rules of earlier versions."""

import hashlib
import json
import os
import unicodedata
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.index import ImageIndex, SplitNumbers
from medtui.datasets.pixel_stats import Pixels

FIRST_RULE = 1
"""Rule of runs that recorded none: images are called and ordered as the table spells them."""
NEWEST_RULE = 2
"""Images are called by their files, without the folders that all of them are in."""


def index_under(rule: int, index: ImageIndex) -> ImageIndex:
    """Return the index with the names and the order of a digest rule.

    A run continues under the rule that it was started with: the split follows from the order of
    the names, and its recorded predictions have the names.
    """
    if rule >= NEWEST_RULE or index.names_in_table is None:
        return index
    names = index.names_in_table
    renamed = dict(zip(index.names, names, strict=True))
    spelled = replace(
        index,
        names=names,
        patients=index.patients and [renamed.get(each, each) for each in index.patients],
    )
    order = sorted(range(len(names)), key=names.__getitem__)
    return spelled.choose(np.array(order, np.int64))


def digest_of(index: ImageIndex, splits: SplitNumbers, pixels: Pixels, rule: int) -> str:
    """Hash classes, images, labels, names, patients and split."""
    names = index.names if rule < NEWEST_RULE else _portable(index.names)
    patients = names
    if index.patients is not None:
        portable = dict(zip(index.names, names, strict=True))
        patients = [portable.get(each, each) for each in index.patients]
    header = [index.classes, index.task, pixels.images_NHWC.shape[1:]]
    rows = zip(splits.tolist(), names, patients, _known_labels(index), pixels.hashes_N, strict=True)
    return hashlib.sha256(json.dumps([header, sorted(rows)]).encode()).hexdigest()


def _known_labels(index: ImageIndex) -> list[object]:
    """Return the labels of each image; None in place of an unknown one."""
    if index.mask is None:
        return list(index.labels.tolist())
    labels: NDArray[np.object_] = index.labels.astype(object)
    labels[~index.mask] = None
    return list(labels.tolist())


def _portable(names: list[str]) -> list[str]:
    """Return names without their common folders, in the Unicode form that most systems use."""
    folders = {name.rpartition("/")[0] for name in names}
    common = os.path.commonpath(folders) if all(folders) else ""
    start = len(common) + 1 if common else 0
    return [unicodedata.normalize("NFC", name[start:]) for name in names]
