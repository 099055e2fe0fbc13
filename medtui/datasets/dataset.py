"""A data set in memory, ready for training: the interface of this package to the engine."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.cache.entry import open_cached
from medtui.datasets.card import Card
from medtui.datasets.class_weights import count_classes, weigh_classes
from medtui.datasets.depth_findings import depth_findings
from medtui.datasets.digest import NEWEST_RULE, digest_of
from medtui.datasets.files.shapes import shape_findings
from medtui.datasets.findings import Findings, note, warning
from medtui.datasets.index import SPLITS, ImageIndex, LabelMask, Labels, SplitNumbers, some
from medtui.datasets.pixel_stats import Pixels, copy_rows, mean_and_std
from medtui.datasets.progress import Progress, Reporter, ignore_progress
from medtui.datasets.resolve import Source, open_source
from medtui.errors import EnvironmentProblem
from medtui.metrics.none_class import NoneClass
from medtui.metrics.task import Task
from medtui.preset import DataSettings
from medtui.preset.augmenting import Augment
from medtui.runs.atomic_file import publish_text
from medtui.runs.ownership.claim import Fence, unfenced
from medtui.units import plural


@dataclass(frozen=True)
class SplitData:
    """Images, labels, names and patients of train, val or test."""

    images_NHWC: NDArray[np.uint8]
    """uint8, in memory; C is the card's channels."""
    labels: Labels
    """int64 (N,) for task "single"; uint8 (N, K) for "multi"."""
    names: list[str]
    """Image names."""
    patients: list[str]
    """Patient of each image; the image's own name where unknown."""
    subgroups: dict[str, list[str]] = field(default_factory=dict)
    """Subgroup (`sex`) to the value (`F`) of each image; the card defines them."""
    mask: LabelMask | None = None
    """Whether each label is known, in the labels' shape; None where all are."""

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Dataset:
    """A data set with its splits and pixel statistics."""

    card: Card
    """Card of the data set."""
    classes: tuple[str, ...]
    """Class names in the order of the logits."""
    positive_class: str | None
    """The class that sensitivity and its like are about; None where they average over classes."""
    none_class: NoneClass | None
    """The class of a multi-label task, such as No Finding, that means the absence of others."""
    task: Task
    """One class per image, or any number of them."""
    channels: int
    """1 or 3."""
    size: int
    """Side of the images in pixels."""
    train: SplitData
    val: SplitData
    test: SplitData
    mean: tuple[float, ...]
    """Mean per channel of pixels scaled to 0..1; the card's, or measured on train."""
    std: tuple[float, ...]
    """Standard deviation per channel, in the same way."""
    class_weights: tuple[float, ...]
    """Loss weight of each class, by the card's rule, from train."""
    augment: Augment
    """Augmentation of training batches: the preset's, else the card's."""
    digest: str
    """sha256 over images, labels, names, patients and split."""
    digest_rule: int
    """Rule of the digest, see `digest.py`."""
    has_patients: bool
    """Whether patients are known and no patient is in more than one split."""
    findings: Findings
    """What was left out and why, and what looks wrong."""
    bits: int | None = None
    """Range by which images deeper than 8 bits were scaled; None where there are none."""

    @property
    def splits(self) -> tuple[SplitData, SplitData, SplitData]:
        """Return train, val and test, in this order."""
        return self.train, self.val, self.test

    @property
    def positive(self) -> int | None:
        """Number of the positive class; None where there is none."""
        return None if self.positive_class is None else self.classes.index(self.positive_class)


def open_dataset(
    settings: DataSettings,
    *,
    cache_dir: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    digest_rule: int = NEWEST_RULE,
) -> Dataset:
    """Return the data set of `settings`: index, split, decode or read from the cache, measure.

    Names, split and digest follow `digest_rule`, that of the run that goes on.

    Raises:
        DocumentError: the card is not valid.
        UsageError: card, settings and data do not fit together.
        EnvironmentProblem: data or disk is missing or unreadable, or an image cannot be used and
            `on_bad_image` is `refuse`.
    """
    report = progress or ignore_progress
    source = open_source(settings, digest_rule, cache_dir=cache_dir, report=report)
    pixels = load_pixels(source, cache_dir, report)
    source, pixels = _without_bad(source, pixels, settings.on_bad_image)
    return _assemble(source, pixels, digest_rule)


def load_pixels(source: Source, cache_dir: Path | None, report: Reporter) -> Pixels:
    """Return the pixels of a source from the cache, to which missing images are added.

    Raises:
        EnvironmentProblem: images or cache cannot be read or written.
    """
    return open_cached(source.card, source.index, cache_dir, report)


def save_split(dataset: Dataset, path: Path, fence: Fence = unfenced) -> None:
    """Write each image's name, patient, split and subgroups, one JSON object per line.

    The key of the split is `part`, as in files of earlier versions.
    """
    lines = [
        json.dumps(
            {"name": image, "patient": split.patients[at], "part": name} | _subgroups_of(split, at),
            ensure_ascii=False,
        )
        for name, split in zip(SPLITS, dataset.splits, strict=True)
        for at, image in enumerate(split.names)
    ]
    publish_text(path, "\n".join(lines) + "\n", fence)


def _subgroups_of(split: SplitData, at: int) -> dict[str, dict[str, str]]:
    found = {name: values[at] for name, values in split.subgroups.items()}
    return {"subgroups": found} if found else {}


def _without_bad(source: Source, pixels: Pixels, on_bad: str) -> tuple[Source, Pixels]:
    if not pixels.bad:
        return source, pixels
    names = source.index.names
    told = [f"{names[position]} ({reason})" for position, reason in sorted(pixels.bad.items())]
    sentence = f"{plural(len(told), 'image')} cannot be used: {some(told)}"
    if on_bad == "refuse":
        raise EnvironmentProblem(
            sentence, hint="Repair or remove them, or leave them out: --set data.on_bad_image=skip"
        )
    good = np.array([each for each in range(len(names)) if each not in pixels.bad], np.int64)
    if len({*source.splits[good].tolist()}) < len(SPLITS):
        raise EnvironmentProblem(
            sentence, hint="No usable image is left in one of the splits. Check the files."
        )
    kept = Source(
        source.card,
        source.index.choose(good),
        source.splits[good],
        source.has_patients,
        (*source.findings, warning("bad-images", f"{sentence}; left out")),
        source.split_method,
        source.has_fractions,
    )
    return kept, pixels.choose(good)


def _assemble(source: Source, pixels: Pixels, digest_rule: int) -> Dataset:
    index, card = source.index, source.card
    positions = [np.flatnonzero(source.splits == number) for number in range(len(SPLITS))]
    train, val, test = (_split_data(index, pixels, chosen) for chosen in positions)
    mean, std = mean_and_std(pixels, positions[0])
    counts = count_classes(train.labels, index.task, len(index.classes))
    return Dataset(
        card=card,
        classes=index.classes,
        positive_class=source.positive_class,
        none_class=source.none_class,
        task=index.task,
        channels=index.channels,
        size=index.size,
        train=train,
        val=val,
        test=test,
        mean=mean if card.mean == "measure" else card.mean,
        std=std if card.std == "measure" else card.std,
        class_weights=weigh_classes(counts, card.class_weights),
        augment=card.augment,
        digest=digest_of(index, source.splits, pixels, digest_rule),
        digest_rule=digest_rule,
        has_patients=source.has_patients,
        findings=(*source.findings, *content_findings(source, pixels)),
        bits=pixels.bits,
    )


def _split_data(index: ImageIndex, pixels: Pixels, positions: NDArray[np.int64]) -> SplitData:
    chosen = index.choose(positions)
    return SplitData(
        images_NHWC=copy_rows(pixels.images_NHWC, positions),
        labels=chosen.labels,
        names=chosen.names,
        patients=chosen.names if chosen.patients is None else chosen.patients,
        subgroups=chosen.subgroups,
        mask=chosen.mask,
    )


def content_findings(source: Source, pixels: Pixels) -> Findings:
    """Return what the files themselves show: copies, depths and shapes."""
    return (
        *pixel_findings(source.index, source.splits, pixels),
        *depth_findings(source.card, pixels),
        *shape_findings(source.index, pixels),
    )


def pixel_findings(index: ImageIndex, splits: SplitNumbers, pixels: Pixels) -> Findings:
    """Return findings on images with identical pixels, also across splits and across classes."""
    first: dict[str, int] = {}
    copies, across_splits, across_classes = 0, [], []
    for position, key in enumerate(pixels.hashes_N):
        original = first.setdefault(key, position)
        if original == position or position in pixels.bad or original in pixels.bad:
            continue
        copies += 1
        if splits[original] != splits[position]:
            across_splits.append(index.names[position])
        if _contradict(index, original, position):
            across_classes.append(index.names[position])
    found = []
    if copies:
        sentence = f"{plural(copies, 'image')} with the same pixels as another image"
        found.append(note("copies", sentence))
    if across_splits:
        sentence = (
            f"{plural(len(across_splits), 'image')} with a copy in another split, "
            f"which biases results upwards: {some(across_splits)}"
        )
        found.append(warning("copies-across-splits", sentence))
    if across_classes:
        sentence = f"{plural(len(across_classes), 'image')} with a copy in another class"
        found.append(warning("copies-across-classes", f"{sentence}: {some(across_classes)}"))
    return tuple(found)


def _contradict(index: ImageIndex, first: int, second: int) -> bool:
    """Return whether two images differ in a label that is known of both."""
    is_other = np.atleast_1d(index.labels[first] != index.labels[second])
    if index.mask is not None:
        is_other &= index.mask[first] & index.mask[second]
    return bool(is_other.any())
