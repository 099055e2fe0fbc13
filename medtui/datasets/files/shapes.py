"""Shapes of the image files, and whether they tell the classes apart."""

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.findings import Findings, warning
from medtui.datasets.index import ImageIndex
from medtui.datasets.pixel_stats import Pixels

_PREDICTIVE_AUROC = 0.8
"""AUROC from which the aspect ratio alone is reported to predict a class."""

_MIN_DEVIATIONS = 4.0
"""Distance from 0.5 in standard deviations, so that small classes do not reach it by chance."""


def class_aspects(index: ImageIndex, pixels: Pixels) -> dict[str, float]:
    """Return each class's median of width / height; classes without a usable image are left out."""
    aspects_N = _aspects(pixels)
    medians = {}
    for number, name in enumerate(index.classes):
        of_class = aspects_N[_members(index, number)]
        if (known := of_class[np.isfinite(of_class)]).size:
            medians[name] = round(float(np.median(known)), 3)
    return medians


def shape_findings(index: ImageIndex, pixels: Pixels) -> Findings:
    """Return a warning for the classes that the aspect ratio alone predicts.

    A network can learn the distortion (`stretch`) or the bars (`pad`) instead of the disease.
    """
    aspects_N = _aspects(pixels)
    told = []
    for number, name in enumerate(index.classes):
        is_usable = np.isfinite(aspects_N) & _is_known(index, number)
        is_member = _members(index, number)[is_usable]
        area, deviations = _auroc(aspects_N[is_usable], is_member)
        if area >= _PREDICTIVE_AUROC and deviations >= _MIN_DEVIATIONS:
            told.append(f"{name} (AUROC {area:.2f}, {int(is_member.sum()):,} images)")
    if not told:
        return ()
    classes = ", ".join(told)
    sentence = f"width / height of the files alone predicts {classes}; compare fit = "
    return (warning("shape-predicts-class", f'{sentence}"crop" or "pad" in the card'),)


def _aspects(pixels: Pixels) -> NDArray[np.float64]:
    """Return width / height of each file; nan for unusable files."""
    known: dict[str, float] = {"": np.nan}
    for kind in set(pixels.kinds_N) - {""}:
        width, height = map(int, kind.rpartition(" ")[2].split("x"))
        known[kind] = width / height
    return np.array([known[kind] for kind in pixels.kinds_N])


def _members(index: ImageIndex, number: int) -> NDArray[np.bool_]:
    is_single = index.labels.ndim == 1
    is_member: NDArray[np.bool_] = (
        index.labels == number if is_single else index.labels[:, number] == 1
    )
    return is_member & _is_known(index, number)


def _is_known(index: ImageIndex, number: int) -> NDArray[np.bool_]:
    if index.mask is None:
        return np.ones(len(index), bool)
    known: NDArray[np.bool_] = index.mask if index.mask.ndim == 1 else index.mask[:, number]
    return known


def _auroc(values_N: NDArray[np.float64], is_member: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the AUROC, in the better direction, and its distance from 0.5 in deviations.

    Source: Mann and Whitney 1947, for the mean and the variance without ties.
    """
    num_members = int(is_member.sum())
    num_others = len(is_member) - num_members
    if not num_members or not num_others or (values_N == values_N[0]).all():
        return 0.5, 0.0
    from scipy.stats import rankdata

    ranks = rankdata(values_N)[is_member].sum() - num_members * (num_members + 1) / 2
    area = float(ranks) / (num_members * num_others)
    deviation = np.sqrt((len(is_member) + 1) / (12 * num_members * num_others))
    return max(area, 1 - area), float(abs(area - 0.5) / deviation)
