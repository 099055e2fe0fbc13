"""The class that means the absence of others, such as No Finding, and labels that contradict it."""

from collections.abc import Sequence

import numpy as np

from medtui.datasets.card import Card
from medtui.datasets.findings import Findings, warning
from medtui.datasets.index import ImageIndex, some
from medtui.metrics.none_class import NoneClass
from medtui.metrics.task import Task
from medtui.units import plural


def none_class_of(card: Card, classes: Sequence[str], task: Task) -> NoneClass | None:
    """Return the class that means the absence of others; None where there is none."""
    name = card.none_class or (card.table.none_label if card.table else "")
    if task == "single" or name not in classes:
        return None
    return NoneClass(name, tuple(each for each in card.none_beside if each in classes))


def none_findings(index: ImageIndex, none: NoneClass | None) -> Findings:
    """Return findings on images with that class and another, and on images with neither."""
    if none is None:
        return ()
    columns = none.columns(index.classes)
    known_NK = np.ones(index.labels.shape, bool) if index.mask is None else index.mask
    has_NK = (index.labels == 1) & known_NK
    is_none_N, is_other_N = has_NK[:, columns.none], has_NK[:, list(columns.others)].any(axis=1)
    found = []
    if (both := np.flatnonzero(is_none_N & is_other_N)).size:
        sentence = f"{plural(len(both), 'image')} with {none.name} and a class that contradicts it"
        found.append(
            warning("none-and-others", f"{sentence}: {some([index.names[row] for row in both])}")
        )
    if (neither := np.flatnonzero(known_NK.all(axis=1) & ~has_NK.any(axis=1))).size:
        sentence = f"{plural(len(neither), 'image')} without any class, not even {none.name}"
        names = some([index.names[row] for row in neither])
        found.append(warning("none-missing", f"{sentence}: {names}"))
    return tuple(found)
