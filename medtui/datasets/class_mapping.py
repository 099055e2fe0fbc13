"""Translates the labels of one data set into the classes of a model that was trained on another.

Classes are matched by name, without regard to case and blanks, and by what the user states. A class
of one side alone is no error:

- the model knows it, the data set does not: no image has it in a single-label task; in a
  multi-label task its labels are unknown, and it is left out of all numbers;
- the data set knows it, the model does not: in a single-label task its images are left out, as no
  answer could be right; in a multi-label task the label is not read.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.class_names import spelling_key
from medtui.datasets.index import ImageIndex
from medtui.errors import UsageError
from medtui.metrics.task import Task
from medtui.suggest import did_you_mean

NO_CLASS, SEVERAL_CLASSES = "no class of the model", "several classes of the model"
"""Why images with any number of labels have none in a single-label task."""

_OUT = -1


@dataclass(frozen=True)
class MappedLabels:
    """A data set in the classes of a model."""

    index: ImageIndex
    """Of the images that are kept, with the model's classes, task and labels."""
    rows: NDArray[np.int64]
    """Their positions in the index that was mapped."""
    classes: dict[str, str]
    """The data set's class to the model's; "" for one that the model lacks."""
    absent: list[str]
    """Classes of the model that the data set lacks."""
    left_out: dict[str, int]
    """The data set's class, or a reason, to the number of images that are left out."""


def map_labels(
    index: ImageIndex, classes: Sequence[str], task: Task, given: Mapping[str, str]
) -> MappedLabels:
    """Return the data set in a model's classes; `given` are class names that the user matched.

    Raises:
        UsageError: a given name is none of the classes, or no class is on both sides.
    """
    names = match_classes(index.classes, classes, given)
    absent = [each for each in classes if each not in names.values()]
    if len(absent) == len(classes):
        raise UsageError(
            f"No class of the data set is one of the model's. The data set has "
            f"{', '.join(index.classes)}; the model has {', '.join(classes)}.",
            hint='Match them: --map FILE with [classes] and a line "theirs" = "the model\'s".',
        )
    column_of = np.array(
        [classes.index(names[each]) if names[each] else _OUT for each in index.classes]
    )
    labels, mask, left_out = (
        _single(index, column_of) if task == "single" else _multi(index, column_of, len(classes))
    )
    rows = np.flatnonzero(labels != _OUT) if task == "single" else np.arange(len(index))
    if not len(rows):
        raise UsageError(
            "No image of the data set has a class of the model: " + ", ".join(classes) + "."
        )
    kept = replace(
        index.choose(rows),
        classes=(*classes,),
        task=task,
        labels=labels[rows],
        mask=None if mask is None or mask[rows].all() else mask[rows],
    )
    return MappedLabels(kept, rows, names, absent, left_out)


def match_classes(
    theirs: Sequence[str], own: Sequence[str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return each class of a data set with the model's; "" for those that the model lacks.

    Raises:
        UsageError: a given name is none of the classes.
    """
    for their, mine in given.items():
        if their not in theirs:
            raise UsageError(
                f"The map names `{their}`, which is no class of the data set. "
                f"{did_you_mean(their, theirs)}"
            )
        if mine and mine not in own:
            raise UsageError(
                f"The map names `{mine}`, which is no class of the model. {did_you_mean(mine, own)}"
            )
    alike = {spelling_key(each): each for each in own}
    matched = {
        each: given[each] if each in given else alike.get(spelling_key(each), "") for each in theirs
    }
    return {each: each if each in own and each not in given else to for each, to in matched.items()}


def _single(
    index: ImageIndex, column_of: NDArray[np.int64]
) -> tuple[NDArray[np.int64], None, dict[str, int]]:
    """Return each image's class number of a single-label model; `_OUT` for those left out."""
    if index.task == "single":
        labels = column_of[index.labels]
        out = Counter(index.classes[each] for each in index.labels[labels == _OUT])
        return labels, None, dict(out)
    has_NK = (index.labels == 1) & _known(index)
    kept = np.flatnonzero(column_of != _OUT)
    labels = np.full(len(index), _OUT, np.int64)
    out = Counter[str]()
    for row in range(len(index)):
        found = {int(column_of[each]) for each in kept if has_NK[row, each]}
        if len(found) == 1:
            labels[row] = found.pop()
        else:
            out[SEVERAL_CLASSES if found else NO_CLASS] += 1
    return labels, None, dict(out)


def _multi(
    index: ImageIndex, column_of: NDArray[np.int64], num_classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], dict[str, int]]:
    """Return the labels (N, K) of a multi-label model, and which of them are known."""
    if index.task == "single":
        has_NS = np.eye(len(index.classes), dtype=np.uint8)[index.labels]
    else:
        has_NS = np.asarray(index.labels, np.uint8)
    known_NS = _known(index)
    labels_NK = np.zeros((len(index), num_classes), np.uint8)
    known_NK = np.zeros((len(index), num_classes), bool)
    for theirs, own in enumerate(column_of.tolist()):
        if own != _OUT:
            labels_NK[:, own] |= has_NS[:, theirs] & known_NS[:, theirs]
            known_NK[:, own] |= known_NS[:, theirs]
    return labels_NK, known_NK, {}


def _known(index: ImageIndex) -> NDArray[np.bool_]:
    """Return whether each label is known, (N, S)."""
    if index.mask is not None:
        return index.mask
    return np.ones((len(index), len(index.classes)), bool)
