"""MedMNIST npz files: `{train,val,test}_images` and `_labels`, optional `_patients`, `_names`."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.card import Card
from medtui.datasets.formats.npz_images import (
    GREY_NDIM,
    READ_ERRORS,
    read_header,
    unreadable,
)
from medtui.datasets.index import SPLITS, ImageIndex, Labels
from medtui.datasets.patient_ids import patients_by_column
from medtui.errors import UsageError
from medtui.metrics.task import Task

T = TypeVar("T")

RGB_NDIM = GREY_NDIM + 1
"""Dimensions of (N, H, W, 3)."""


def index_images(card: Card, path: Path, size: int | None) -> ImageIndex:
    """Return the index of an npz file's images; the pixels stay in the file.

    Raises:
        EnvironmentProblem: the file is missing or damaged.
        UsageError: the file's arrays do not fit each other or the card.
    """
    return _from_file(path, lambda npz: _list(card, path, npz, size))


def _from_file(path: Path, read: Callable[[Any], T]) -> T:
    try:
        with np.load(path, allow_pickle=False) as npz:
            return read(npz)
    except READ_ERRORS as error:
        raise unreadable(path, error) from error


def _list(card: Card, path: Path, npz: Any, size: int | None) -> ImageIndex:  # noqa: ANN401 - NpzFile
    missing = [
        f"{p}_{kind}" for p in SPLITS for kind in ("images", "labels") if f"{p}_{kind}" not in npz
    ]
    if missing:
        raise UsageError(
            f"{path}: missing arrays {', '.join(missing)}; this is not a MedMNIST file."
        )
    shapes = [_shape(path, f"{split}_images") for split in SPLITS]
    side, channels = _side_and_channels(path, shapes)
    counts = [shape[0] for shape in shapes]
    raw = [np.asarray(npz[f"{split}_labels"]) for split in SPLITS]
    labels, task = _labels(path, raw, counts, card)
    classes = _classes(path, card, labels, task)
    names = _strings(path, npz, "names", counts) or [
        f"{split}/{position:06d}"
        for split, count in zip(SPLITS, counts, strict=True)
        for position in range(count)
    ]
    if len(set(names)) < len(names):
        raise UsageError(f"{path}: two images have the same name.")
    cells = _strings(path, npz, "patients", counts)
    patients, findings = (None, ()) if cells is None else patients_by_column(cells, names)
    return ImageIndex(
        classes=classes,
        task=task,
        channels=card.channels or channels,
        size=size or card.size or side,
        names=names,
        labels=labels,
        patients=patients,
        findings=findings,
        files=None,
        npz=path,
        rows=np.arange(sum(counts)),
        official=np.repeat(np.arange(3, dtype=np.int8), counts),
    )


def _shape(path: Path, key: str) -> tuple[int, ...]:
    """Return an array's shape from its header, without inflating its pixels."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
        header = read_header(member)
    shape, dtype = header.shape, header.dtype
    is_image = len(shape) == GREY_NDIM or (len(shape) == RGB_NDIM and shape[-1] == 3)  # noqa: PLR2004 - RGB
    if dtype != np.uint8 or not is_image:
        raise UsageError(
            f"{path}: {key} is {dtype} {shape}; uint8 (N, H, W) or (N, H, W, 3) is needed."
        )
    return shape


def _side_and_channels(path: Path, shapes: list[tuple[int, ...]]) -> tuple[int, int]:
    kinds = {shape[1:] for shape in shapes}
    if len(kinds) != 1 or min(min(shape) for shape in shapes) < 1:
        raise UsageError(
            f"{path}: images of shapes {', '.join(map(str, shapes))}: splits differ or are empty."
        )
    kind = kinds.pop()
    return max(kind[:2]), 3 if len(kind) == RGB_NDIM - 1 else 1


def _labels(
    path: Path, raw: list[NDArray[Any]], counts: list[int], card: Card
) -> tuple[Labels, Task]:
    widths = {array.shape[1:] for array in raw}
    if [len(array) for array in raw] != counts or len(widths) != 1 or raw[0].ndim > 2:  # noqa: PLR2004 - (N, K)
        raise UsageError(f"{path}: labels {[array.shape for array in raw]} do not fit the images.")
    joined = np.concatenate([array.reshape(len(array), -1) for array in raw])
    if joined.dtype.kind not in "iub" or joined.min() < 0:
        raise UsageError(f"{path}: labels of type {joined.dtype}; whole numbers from 0 are needed.")
    task: Task = "single" if joined.shape[1] == 1 else "multi"
    if card.task not in {None, task}:
        raise UsageError(
            f'{path}: the card has task = "{card.task}", but the labels have shape {joined.shape}.'
        )
    if task == "single":
        return joined[:, 0].astype(np.int64), task
    if joined.max() > 1:
        raise UsageError(f"{path}: labels of several columns must be 0 or 1.")
    return joined.astype(np.uint8), task


def _classes(path: Path, card: Card, labels: Labels, task: Task) -> tuple[str, ...]:
    count = int(labels.max()) + 1 if task == "single" else labels.shape[1]
    if not card.classes:
        return tuple(f"class {number}" for number in range(max(count, 2)))
    if count > len(card.classes) or (task == "multi" and count != len(card.classes)):
        raise UsageError(f"{path}: {count} classes, but the card lists {', '.join(card.classes)}.")
    return card.classes


def _strings(path: Path, npz: Any, kind: str, counts: list[int]) -> list[str] | None:  # noqa: ANN401
    if any(f"{split}_{kind}" not in npz for split in SPLITS):
        return None
    arrays = [np.asarray(npz[f"{split}_{kind}"]).ravel() for split in SPLITS]
    if [len(array) for array in arrays] != counts:
        raise UsageError(
            f"{path}: {kind} {[len(array) for array in arrays]} do not fit the images."
        )
    return [re.sub(r"[\x00-\x1f]", "?", str(value)) for value in np.concatenate(arrays).tolist()]
