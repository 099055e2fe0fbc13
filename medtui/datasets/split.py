"""Divides images into train, val and test: by patient, classes evenly spread, seeded."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.index import NO_PART, PARTS, TRAIN_VAL, Labels, Listing, Parts, some
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import DataSettings
from medtui.units import plural

SplitMethod = Literal["patient", "official", "image"]

_PASSES = 5
"""Rounds of moving groups after the first draw; two or three reach the end in practice."""


def split(listing: Listing, settings: DataSettings, method: SplitMethod) -> Parts:
    """Return each image's part number; `NO_PART` where an official split leaves it out.

    Raises:
        UsageError: there is no official split, or too few patients for three parts.
    """
    if method == "official":
        return _without_empty_part(_official(listing, settings), "official split")
    groups = listing.names if method == "image" else _groups(listing)
    numbers = _numbered(groups)
    if len(set(groups)) < len(PARTS):
        raise UsageError(
            f"{plural(len(set(groups)), 'patient')} cannot be split into train, val and test.",
            hint="Split image by image, knowingly: --set data.split=image",
        )
    fractions = np.array(settings.fractions)
    parts = divide(numbers, class_counts(listing), fractions, settings.seed)
    return _without_empty_part(parts, f"split by {method} with {list(settings.fractions)}")


def divide(
    groups_N: NDArray[np.int64],
    counts_NK: NDArray[np.float64],
    fractions: NDArray[np.float64],
    seed: int,
) -> Parts:
    """Deal whole groups to parts so that each class and the number of images come near `fractions`.

    Groups are dealt in a seeded order, each to the part that lacks most of what it holds; then
    single groups move while that brings the shares nearer.

    Source: the greedy rule of scikit-learn's StratifiedGroupKFold, for parts of unequal size.
    """
    num_groups = int(groups_N.max()) + 1
    shares_GK = np.zeros((num_groups, counts_NK.shape[1]))
    np.add.at(shares_GK, groups_N, counts_NK)
    shares_GK /= np.maximum(shares_GK.sum(axis=0), 1.0)
    lacking_PK = np.repeat(fractions[:, None], shares_GK.shape[1], axis=1)
    part_G = np.full(num_groups, NO_PART, np.int8)
    order = np.random.default_rng(seed).permutation(num_groups)
    for _ in range(1 + _PASSES):
        moved = 0
        for group in order:
            share_K, current = shares_GK[group], part_G[group]
            if current != NO_PART:
                lacking_PK[current] += share_K
            best = int(np.argmax(lacking_PK @ share_K))
            lacking_PK[best] -= share_K
            part_G[group] = best
            moved += best != current
        if not moved:
            break
    _fill_empty_parts(part_G, shares_GK, len(fractions))
    return part_G[groups_N]


def _fill_empty_parts(part_G: Parts, shares_GK: NDArray[np.float64], num_parts: int) -> None:
    """Return each part without a group the smallest one of the part with most groups."""
    for empty in range(num_parts):
        sizes = np.bincount(part_G, minlength=num_parts)
        if sizes[empty] == 0 and sizes.max() > 1:
            givers = np.flatnonzero(part_G == sizes.argmax())
            part_G[givers[shares_GK[givers].sum(axis=1).argmin()]] = empty


def class_counts(listing: Listing) -> NDArray[np.float64]:
    """Return (N, K + 1): 1 where an image has a class, and 1 for the image itself."""
    images_N1 = np.ones((len(listing), 1))
    if listing.task == "multi":
        return np.hstack([listing.labels.astype(np.float64), images_N1])
    return np.hstack([np.eye(len(listing.classes))[listing.labels], images_N1])


def even_choice(labels: Labels, names: list[str], limit: int) -> NDArray[np.int64]:
    """Choose at most `limit` positions, class by class in turn, always the same ones."""
    if len(names) <= limit:
        return np.arange(len(names))
    kind_N = labels if labels.ndim == 1 else np.where(labels.any(axis=1), labels.argmax(axis=1), -1)
    order = np.random.default_rng(0).permutation(len(names))
    turn_N = np.zeros(len(names), np.int64)
    for kind in np.unique(kind_N):
        members = order[kind_N[order] == kind]
        turn_N[members] = np.arange(len(members))
    return np.sort(np.lexsort((order.argsort(), turn_N))[:limit])


def leaking_patients(patients: list[str], parts: Parts) -> list[str]:
    """Return the patients whose images lie in more than one part."""
    parts_of: dict[str, set[int]] = {}
    for patient, part in zip(patients, parts.tolist(), strict=True):
        if part != NO_PART:
            parts_of.setdefault(patient, set()).add(part)
    return sorted(patient for patient, held in parts_of.items() if len(held) > 1)


def _official(listing: Listing, settings: DataSettings) -> Parts:
    """Follow the makers' split; what it leaves to train and val together is dealt by patient."""
    if listing.official is None:
        raise UsageError(
            "This data set has no official split.",
            hint="Split by patient instead: --set data.split=patient",
        )
    parts = listing.official.copy()
    is_open = parts == TRAIN_VAL
    if is_open.any():
        groups = [group for group, each in zip(_groups(listing), is_open, strict=True) if each]
        fractions = np.array(settings.fractions[:2]) / sum(settings.fractions[:2])
        counts_NK = class_counts(listing)[is_open]
        parts[is_open] = divide(_numbered(groups), counts_NK, fractions, settings.seed)
    return parts


def _groups(listing: Listing) -> list[str]:
    return listing.names if listing.patients is None else listing.patients


def _numbered(groups: list[str]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)


def _without_empty_part(parts: Parts, what: str) -> Parts:
    empty = [name for number, name in enumerate(PARTS) if not (parts == number).any()]
    if empty:
        raise EnvironmentProblem(
            f"The {what} leaves {some(empty)} empty.",
            hint="Add images, or split otherwise: --set data.split=patient",
        )
    return parts
