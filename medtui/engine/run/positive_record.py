"""The positive class of a study: the one that it began with, whatever its card says later."""

from dataclasses import replace

import msgspec

from medtui.datasets.dataset import Dataset
from medtui.events import DataLoaded
from medtui.metrics import positive_class
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record


class _Provenance(msgspec.Struct):
    """The part of `provenance.json` that is compared."""

    positive_class: str | None = None


_decoder = msgspec.json.Decoder(_Provenance)


def with_recorded_positive(
    dataset: Dataset, folder: RunFolder, earlier: DataLoaded | None
) -> Dataset:
    """Return the data set with the positive class of the run's earlier session or its reference.

    All numbers of a study are about one class. Studies of earlier versions recorded none: theirs is
    the second class.
    """
    known: DataLoaded | _Provenance | None = earlier
    if known is None and folder != folder.study.reference:
        known = read_json_record(folder.study.reference.provenance, _decoder)
    if known is None:
        return dataset
    found = positive_class(dataset.classes, dataset.task, known.positive_class)
    return replace(dataset, positive_class=found.name if found else None)


def changed_positive(dataset: Dataset) -> str:
    """Return a sentence if the card now names another positive class than the study's; else ""."""
    found = positive_class(dataset.classes, dataset.task, dataset.card.positive)
    if found is None or found.name == dataset.positive_class:
        return ""
    return (
        f"The card's positive class is now {found.name}. This study began with "
        f"{dataset.positive_class}, and its numbers stay about {dataset.positive_class}."
    )
