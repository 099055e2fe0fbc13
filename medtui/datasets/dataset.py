"""A data set in memory, ready to train on: the only thing the engine takes from this room."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.cache import open_cached
from medtui.datasets.card import Augment, Card
from medtui.datasets.class_weights import count_classes, weigh_classes
from medtui.datasets.formats.medmnist import load_npz_pixels
from medtui.datasets.index import PARTS, Labels, Listing, Parts, some
from medtui.datasets.pixel_stats import Pixels, mean_and_std
from medtui.datasets.progress import Progress, Tell, tell_nobody
from medtui.datasets.resolve import Source, open_source
from medtui.errors import EnvironmentProblem
from medtui.metrics.task import Task
from medtui.preset import DataSettings
from medtui.units import plural


@dataclass(frozen=True)
class Part:
    """Train, val or test."""

    images_NHWC: NDArray[np.uint8]
    """In memory; C is the card's channels."""
    labels: Labels
    """int64 (N,) for task "single"; uint8 (N, K) for "multi"."""
    names: list[str]
    """Image names."""
    patients: list[str]
    """Patient of each image; the image's own name where unknown."""
    subgroups: dict[str, list[str]] = field(default_factory=dict)
    """Subgroup's name (`sex`) to the value (`F`) of each image; the card names them."""

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Dataset:
    """A data set, divided and measured."""

    card: Card
    """What it is."""
    classes: tuple[str, ...]
    """In the order of the logits."""
    task: Task
    """One class per image, or any number of them."""
    channels: int
    """1 or 3."""
    size: int
    """Side of the images in pixels."""
    train: Part
    val: Part
    test: Part
    mean: tuple[float, ...]
    """Per channel, of pixels scaled to 0..1; the card's, or measured on train."""
    std: tuple[float, ...]
    """Likewise."""
    class_weights: tuple[float, ...]
    """Weight of each class in the loss, by the card's rule, from train."""
    augment: Augment
    """What training batches go through."""
    digest: str
    """sha256 over images, labels, names, patients and split."""
    has_patients: bool
    """Whether known patients are kept apart."""
    notes: tuple[str, ...]
    """What was left out or should be known, in sentences with counts."""

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        """Return train, val and test, in this order."""
        return self.train, self.val, self.test


def open_dataset(
    settings: DataSettings,
    *,
    cache_dir: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Dataset:
    """Open what `settings` name: list, divide, decode or take from the cache, measure.

    Raises:
        DocumentError: the card is no card.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: data or disk is missing or unreadable, or an image is bad and
            `on_bad_image` refuses such.
    """
    source = open_source(settings)
    pixels = load_pixels(source, cache_dir, progress or tell_nobody)
    source, pixels = _without_bad(source, pixels, settings.on_bad_image)
    return _assemble(source, pixels)


def load_pixels(source: Source, cache_dir: Path | None, tell: Tell) -> Pixels:
    """Return a source's pixels: from its npz file, or from the cache, which decodes what it lacks.

    Raises:
        EnvironmentProblem: images or cache cannot be read or written.
    """
    if source.listing.npz is not None:
        return load_npz_pixels(source.listing, tell)
    return open_cached(source.card, source.listing, cache_dir, tell)


def save_split(dataset: Dataset, path: Path) -> None:
    """Write each image's name, patient, part and subgroups, one JSON object a line."""
    lines = [
        json.dumps(
            {"name": image, "patient": part.patients[at], "part": name} | _subgroups_of(part, at),
            ensure_ascii=False,
        )
        for name, part in zip(PARTS, dataset.parts, strict=True)
        for at, image in enumerate(part.names)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _subgroups_of(part: Part, at: int) -> dict[str, dict[str, str]]:
    found = {name: values[at] for name, values in part.subgroups.items()}
    return {"subgroups": found} if found else {}


def _without_bad(source: Source, pixels: Pixels, on_bad: str) -> tuple[Source, Pixels]:
    if not pixels.bad:
        return source, pixels
    names = source.listing.names
    told = [f"{names[position]} ({reason})" for position, reason in sorted(pixels.bad.items())]
    sentence = f"{plural(len(told), 'image')} cannot be used: {some(told)}"
    if on_bad == "refuse":
        raise EnvironmentProblem(
            sentence, hint="Repair or remove them, or go on without: --set data.on_bad_image=skip"
        )
    good = np.array([each for each in range(len(names)) if each not in pixels.bad], np.int64)
    if len({*source.parts[good].tolist()}) < len(PARTS):
        raise EnvironmentProblem(sentence, hint="No image of a part is left; check the files.")
    kept = Source(
        source.card,
        source.listing.choose(good),
        source.parts[good],
        source.has_patients,
        (*source.notes, f"{sentence}; left out"),
    )
    return kept, pixels.choose(good)


def _assemble(source: Source, pixels: Pixels) -> Dataset:
    listing, card = source.listing, source.card
    positions = [np.flatnonzero(source.parts == number) for number in range(len(PARTS))]
    train, val, test = (_part(listing, pixels, chosen) for chosen in positions)
    mean, std = mean_and_std(pixels, positions[0])
    counts = count_classes(train.labels, listing.task, len(listing.classes))
    return Dataset(
        card=card,
        classes=listing.classes,
        task=listing.task,
        channels=listing.channels,
        size=listing.size,
        train=train,
        val=val,
        test=test,
        mean=mean if card.mean == "measure" else card.mean,
        std=std if card.std == "measure" else card.std,
        class_weights=weigh_classes(counts, card.class_weights),
        augment=card.augment,
        digest=_digest(listing, source.parts, pixels),
        has_patients=source.has_patients,
        notes=(*source.notes, *pixel_notes(listing, source.parts, pixels)),
    )


def _part(listing: Listing, pixels: Pixels, positions: NDArray[np.int64]) -> Part:
    chosen = listing.choose(positions)
    return Part(
        images_NHWC=np.asarray(pixels.images_NHWC[positions]),
        labels=chosen.labels,
        names=chosen.names,
        patients=chosen.names if chosen.patients is None else chosen.patients,
        subgroups=chosen.subgroups,
    )


def pixel_notes(listing: Listing, parts: Parts, pixels: Pixels) -> tuple[str, ...]:
    """Tell of images that are the same picture: across parts, and across classes."""
    first: dict[str, int] = {}
    copies, across_parts, across_classes = 0, [], []
    for position, key in enumerate(pixels.hashes_N):
        original = first.setdefault(key, position)
        if original == position or position in pixels.bad or original in pixels.bad:
            continue
        copies += 1
        if parts[original] != parts[position]:
            across_parts.append(listing.names[position])
        if not np.array_equal(listing.labels[original], listing.labels[position]):
            across_classes.append(listing.names[position])
    notes = [f"{plural(copies, 'image')} with the same pixels as another"] if copies else []
    if across_parts:
        notes.append(
            f"{plural(len(across_parts), 'image')} with a copy in another part, "
            f"which makes results look better than they are: {some(across_parts)}"
        )
    if across_classes:
        notes.append(
            f"{plural(len(across_classes), 'image')} with a copy of another class: "
            f"{some(across_classes)}"
        )
    return tuple(notes)


def _digest(listing: Listing, parts: Parts, pixels: Pixels) -> str:
    patients = listing.names if listing.patients is None else listing.patients
    header = [listing.classes, listing.task, pixels.images_NHWC.shape[1:]]
    rows = zip(
        parts.tolist(),
        listing.names,
        patients,
        listing.labels.tolist(),
        pixels.hashes_N,
        strict=True,
    )
    return hashlib.sha256(json.dumps([header, sorted(rows)]).encode()).hexdigest()
