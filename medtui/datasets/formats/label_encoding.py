"""Turns the label names of images into numbers, and a mask where labels are unknown."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.findings import warning
from medtui.datasets.index import LabelMask, Labels
from medtui.metrics.task import Task
from medtui.protocol.finding import Finding
from medtui.units import plural

_SHOWN_KINDS = 3
"""Number of unknown labels up to which each has a finding of its own."""


@dataclass(frozen=True)
class EncodedLabels:
    """Labels of the images that have one."""

    labels: Labels
    mask: LabelMask | None
    """Whether each label is known; None where all are."""
    usable: list[int]
    """Positions of those images among all."""
    findings: list[Finding]
    """What was left out."""


def encode_labels(
    names: Sequence[list[str]],
    unknown: Sequence[Collection[str]],
    classes: Sequence[str],
    task: Task,
    none_label: str,
) -> EncodedLabels:
    """Return the labels of images as numbers; `unknown` are the classes to mask, image by image.

    Beside a class, `none_label` counts as absent: a rater who found nothing does not outweigh one
    who did.
    """
    number_of = {name: number for number, name in enumerate(classes)}
    findings = _unknown_findings(names, number_of, none_label)
    present = [{number_of[label] for label in each if label in number_of} for each in names]
    if none_label in number_of:
        for numbers in present:
            if len(numbers) > 1:
                numbers.discard(number_of[none_label])
    if task == "multi":
        labels = np.zeros((len(names), len(classes)), np.uint8)
        mask = np.ones(labels.shape, np.bool_)
        for row, numbers in enumerate(present):
            labels[row, list(numbers)] = 1
            mask[row, [number_of[name] for name in unknown[row]]] = False
        known = None if mask.all() else mask
        return EncodedLabels(labels, known, list(range(len(names))), findings)
    # A class that is known decides a single-label image; without one, an unknown class may be it.
    usable = [row for row, numbers in enumerate(present) if len(numbers) == 1]
    if left_out := len(names) - len(usable):
        sentence = f"{plural(left_out, 'image')} without exactly one class left out"
        findings.append(warning("images-without-class", sentence))
    chosen: NDArray[np.int64] = np.array([min(present[row]) for row in usable], np.int64)
    return EncodedLabels(chosen, None, usable, findings)


def _unknown_findings(
    names: Sequence[list[str]], classes: Collection[str], none_label: str
) -> list[Finding]:
    unknown = Counter(label for each in names for label in each if label not in classes)
    unknown.pop(none_label, None)
    if len(unknown) > _SHOWN_KINDS:
        common = ", ".join(
            f"`{label}` ({plural(count, 'image')})"
            for label, count in unknown.most_common(_SHOWN_KINDS)
        )
        sentence = f"{len(unknown):,} labels are no classes of the card and are ignored: {common}"
        return [warning("unknown-labels", f"{sentence}, ...")]
    return [
        warning(
            "unknown-labels",
            f"label `{label}` of {plural(count, 'image')} is not a class of the card and is "
            "ignored",
        )
        for label, count in sorted(unknown.items())
    ]
