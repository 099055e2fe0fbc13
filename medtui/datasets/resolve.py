"""From a card and a preset's data settings to a listing, split: no pixel is decoded."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.card import Card, load_card
from medtui.datasets.class_weights import count_classes
from medtui.datasets.formats import FORMATS
from medtui.datasets.index import NO_PART, PARTS, Listing, Parts, some
from medtui.datasets.official_split import read_official
from medtui.datasets.split import SplitMethod, even_choice, leaking_patients, split
from medtui.errors import EnvironmentProblem
from medtui.preset import DataSettings
from medtui.units import plural


@dataclass(frozen=True)
class Source:
    """A data set's listing, divided: everything but the pixels."""

    card: Card
    """What the data set is."""
    listing: Listing
    """The images that belong to a part."""
    parts: Parts
    """Part number of each of them."""
    has_patients: bool
    """Whether the split keeps known patients apart."""
    notes: tuple[str, ...]
    """Sentences with counts, for people."""


def open_source(settings: DataSettings) -> Source:
    """List the images that `settings` name and divide them.

    Raises:
        DocumentError: the card is no card.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: the data is missing or cannot be read.
    """
    card, path = load_card(settings.card)
    listing = list_images(card, path, settings)
    method: SplitMethod = card.split if settings.split == "card" else settings.split
    if method == "official" and card.official is not None:
        root = _root(card, settings.root)
        listing = replace(listing, official=read_official(card.official, root, listing.names))
    parts = split(listing, settings, method)
    has_patients, notes = _describe(listing, parts, method)
    chosen = _limited(listing, parts, settings.limit)
    kept = listing if len(chosen) == len(listing) else listing.choose(chosen)
    return Source(card, kept, parts[chosen], has_patients, (*listing.notes, *notes))


def list_images(card: Card, card_path: Path, settings: DataSettings) -> Listing:
    """List a data set's images by its card's format."""
    row = FORMATS[card.format]
    reader: _Reader = import_module(row.module).list_images
    root = settings.root
    path = _npz_path(card, card_path, root) if row.is_file else _root(card, root)
    return reader(card, path, settings.size)


class _Reader(Protocol):
    """Lists the images of a folder or a file, fitted to a side of `size` pixels."""

    def __call__(self, card: Card, path: Path, size: int | None, /) -> Listing: ...


def _npz_path(card: Card, card_path: Path, root: str) -> Path:
    given = Path(root).expanduser() if root else card_path.parent
    path = given / card.file if card.file and not given.is_file() else given
    if not path.is_file():
        where = f"{path}: no such npz file" if path.suffix == ".npz" else f"{path}: no npz file"
        raise EnvironmentProblem(
            f"{where}. The images of {card.name} are not here.",
            hint="Name the file: --set data.root=/path/to/file.npz",
        )
    return path


def _root(card: Card, root: str) -> Path:
    if not root:
        raise EnvironmentProblem(
            f"{card.name}: nothing says where its images are.",
            hint=f"Name the folder that holds them: --set data.root=/path/to/{card.name}",
        )
    path = Path(root).expanduser()
    if not path.is_dir():
        reason = "is a file, not a folder" if path.exists() else "no such folder"
        raise EnvironmentProblem(
            f"{path}: {reason}. The images of {card.name} are not here.",
            hint=f"Name the folder that holds them: --set data.root=/path/to/{card.name}",
        )
    return path


def _describe(listing: Listing, parts: Parts, method: SplitMethod) -> tuple[bool, list[str]]:
    """Tell whether the split keeps patients apart, and what a reader of results must know."""
    notes = []
    if left_out := int((parts == NO_PART).sum()):
        notes.append(f"{plural(left_out, 'image')} in no official list left out")
    notes += _absent_classes(listing, parts)
    if listing.patients is None:
        notes.append("no patient information: images of one patient may lie in several parts")
        return False, notes
    leaking = leaking_patients(listing.patients, parts)
    if method == "image":
        notes.append(
            f"split by image on request: {plural(len(leaking), 'patient')} in several parts"
        )
    elif leaking:
        notes.append(
            f"the official split has {plural(len(leaking), 'patient')} in several parts: "
            f"{some(leaking)}"
        )
    return not leaking, notes


def _absent_classes(listing: Listing, parts: Parts) -> list[str]:
    notes = []
    for number, name in enumerate(PARTS):
        labels = listing.labels[parts == number]
        counts = count_classes(labels, listing.task, len(listing.classes))
        absent = [each for each, count in zip(listing.classes, counts, strict=True) if not count]
        if absent:
            notes.append(f"{name} has no image of {', '.join(absent)}")
    return notes


def _limited(listing: Listing, parts: Parts, limit: int | None) -> NDArray[np.int64]:
    chosen = []
    for number in range(len(PARTS)):
        members = np.flatnonzero(parts == number)
        if limit is not None:
            names = [listing.names[each] for each in members]
            members = members[even_choice(listing.labels[members], names, limit)]
        chosen.append(members)
    return np.sort(np.concatenate(chosen))
