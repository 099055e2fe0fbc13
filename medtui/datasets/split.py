"""Divides images into train, val and test: grouped by patient, stratified by class, seeded."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.index import (
    NO_SPLIT,
    SPLITS,
    TRAIN_VAL,
    ImageIndex,
    Labels,
    SplitNumbers,
    some,
)
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import DataSettings
from medtui.units import plural

SplitMethod = Literal["patient", "official", "image"]

_PASSES = 5
"""Passes of moving groups after the first assignment; two or three usually converge."""


def split(index: ImageIndex, settings: DataSettings, method: SplitMethod) -> SplitNumbers:
    """Return each image's split number; `NO_SPLIT` where an official split leaves it out.

    Raises:
        UsageError: there is no official split, or fewer than three patients.
        EnvironmentProblem: a split would be empty.
    """
    if method == "official":
        return _without_empty_split(_official(index, settings), "official split")
    groups = index.names if method == "image" else _groups(index)
    numbers = _numbered(groups)
    if len(set(groups)) < len(SPLITS):
        raise UsageError(
            f"{plural(len(set(groups)), 'patient')} cannot be split into train, val and test.",
            hint="To split by image anyway: --set data.split=image",
        )
    fractions = np.array(settings.fractions)
    splits = divide(numbers, class_counts(index), fractions, settings.seed)
    return _without_empty_split(splits, f"split by {method} with {list(settings.fractions)}")


def divide(
    groups_N: NDArray[np.int64],
    counts_NK: NDArray[np.float64],
    fractions: NDArray[np.float64],
    seed: int,
) -> SplitNumbers:
    """Assign whole groups to splits so that classes and image counts approach `fractions`.

    Each group is a vector of shares: of every class, and of all images (the last column), how
    much of the total the group holds. `lacking_SK` is what each split still lacks. In seeded random
    order, a group goes to the split with the largest dot product of the two, i.e. to the split that
    lacks most of what the group holds. Further passes take each group out and assign it again,
    until none moves. The cost per pass is O(groups x splits x classes).

    Source: the greedy rule of scikit-learn's StratifiedGroupKFold, for splits of unequal size.
    """
    num_groups = int(groups_N.max()) + 1
    shares_GK = np.zeros((num_groups, counts_NK.shape[1]))
    np.add.at(shares_GK, groups_N, counts_NK)
    shares_GK /= np.maximum(shares_GK.sum(axis=0), 1.0)
    lacking_SK = np.repeat(fractions[:, None], shares_GK.shape[1], axis=1)
    split_G = np.full(num_groups, NO_SPLIT, np.int8)
    order = np.random.default_rng(seed).permutation(num_groups)
    for _ in range(1 + _PASSES):
        moved = 0
        for group in order:
            share_K, current = shares_GK[group], split_G[group]
            if current != NO_SPLIT:
                lacking_SK[current] += share_K
            best = int(np.argmax(lacking_SK @ share_K))
            lacking_SK[best] -= share_K
            split_G[group] = best
            moved += best != current
        if not moved:
            break
    _fill_empty_splits(split_G, shares_GK, len(fractions))
    return split_G[groups_N]


def _fill_empty_splits(
    split_G: SplitNumbers, shares_GK: NDArray[np.float64], num_splits: int
) -> None:
    """Move the smallest group of the largest split to each split without a group."""
    for empty in range(num_splits):
        sizes = np.bincount(split_G, minlength=num_splits)
        if sizes[empty] == 0 and sizes.max() > 1:
            givers = np.flatnonzero(split_G == sizes.argmax())
            split_G[givers[shares_GK[givers].sum(axis=1).argmin()]] = empty


def class_counts(index: ImageIndex) -> NDArray[np.float64]:
    """Return (N, K + 1): 1 where an image has a class, and 1 for the image itself."""
    images_N1 = np.ones((len(index), 1))
    if index.task == "multi":
        return np.hstack([index.labels.astype(np.float64), images_N1])
    return np.hstack([np.eye(len(index.classes))[index.labels], images_N1])


def even_choice(labels: Labels, names: list[str], limit: int) -> NDArray[np.int64]:
    """Return at most `limit` positions, cycling through the classes; deterministic."""
    if len(names) <= limit:
        return np.arange(len(names))
    kind_N = labels if labels.ndim == 1 else np.where(labels.any(axis=1), labels.argmax(axis=1), -1)
    order = np.random.default_rng(0).permutation(len(names))
    turn_N = np.zeros(len(names), np.int64)
    for kind in np.unique(kind_N):
        members = order[kind_N[order] == kind]
        turn_N[members] = np.arange(len(members))
    return np.sort(np.lexsort((order.argsort(), turn_N))[:limit])


def leaking_patients(patients: list[str], splits: SplitNumbers) -> list[str]:
    """Return the patients with images in more than one split."""
    splits_of: dict[str, set[int]] = {}
    for patient, split in zip(patients, splits.tolist(), strict=True):
        if split != NO_SPLIT:
            splits_of.setdefault(patient, set()).add(split)
    return sorted(patient for patient, held in splits_of.items() if len(held) > 1)


def _official(index: ImageIndex, settings: DataSettings) -> SplitNumbers:
    """Return the official split; images that it leaves to train and val are split by patient."""
    if index.official is None:
        raise UsageError(
            "This data set has no official split.",
            hint="Split by patient instead: --set data.split=patient",
        )
    splits = index.official.copy()
    is_open = splits == TRAIN_VAL
    if is_open.any():
        groups = [group for group, each in zip(_groups(index), is_open, strict=True) if each]
        fractions = np.array(settings.fractions[:2]) / sum(settings.fractions[:2])
        counts_NK = class_counts(index)[is_open]
        splits[is_open] = divide(_numbered(groups), counts_NK, fractions, settings.seed)
    return splits


def _groups(index: ImageIndex) -> list[str]:
    return index.names if index.patients is None else index.patients


def _numbered(groups: list[str]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)


def _without_empty_split(splits: SplitNumbers, what: str) -> SplitNumbers:
    empty = [name for number, name in enumerate(SPLITS) if not (splits == number).any()]
    if empty:
        raise EnvironmentProblem(
            f"The {what} leaves {some(empty)} empty.",
            hint="Add images, or split in another way: --set data.split=patient",
        )
    return splits
