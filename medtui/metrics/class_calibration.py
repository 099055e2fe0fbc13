"""Calibration of one class, as results store it. Loads no numpy."""

from collections.abc import Mapping

import msgspec


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Images of about one predicted probability of a class."""

    predicted: float
    """Mean predicted probability."""
    observed: float
    """Share of them with the class."""
    low: float
    """Lower end of the share's 95 % interval by Wilson, which counts images as independent."""
    high: float
    num_images: int


class ClassCalibration(msgspec.Struct, frozen=True):
    """How predicted probabilities of a class agree with its frequency, on one split."""

    slope: float | None
    """1 where probabilities are as extreme as they should be, below 1 where too extreme; None where
    it is not defined: the class never or always occurs, or is separated perfectly."""
    intercept: float | None
    """In logits, with the slope held at 1: below 0 where probabilities are too high on average."""
    slope_interval: tuple[float, float] | None = None
    """95 % interval over patients; None for `no_interval`, or where there is no slope."""
    intercept_interval: tuple[float, float] | None = None
    bins: list[ReliabilityBin] = []
    """The reliability curve: up to ten groups of about equal size by predicted probability."""
    no_interval: str = ""
    """Why slope and intercept have no interval; empty where they have, and in files of earlier
    versions, which have intervals of one class of several from 20 patients on."""


def classes_by_reason(of_classes: Mapping[str, ClassCalibration]) -> dict[str, list[str]]:
    """Return each reason for no interval of slope and intercept, with its classes."""
    found: dict[str, list[str]] = {}
    for name, each in of_classes.items():
        if each.no_interval:
            found.setdefault(each.no_interval, []).append(name)
    return found
