"""Decodes a few images for a preview, before the whole data set is decoded."""

from pathlib import Path

import numpy as np
from msgspec import structs
from numpy.typing import NDArray
from PIL import Image as Pillow

from medtui.datasets.cache.entry import known_range
from medtui.datasets.card import Card
from medtui.datasets.decode_settings import decode_settings
from medtui.datasets.decoding.image import Decoded, decode_file
from medtui.datasets.decoding.picture import bits_of
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.formats.npz_images import read_images
from medtui.datasets.index import TRAIN, ImageIndex
from medtui.datasets.resolve import Source

NUM_PREVIEWS = 6
"""Images in a preview."""

PREVIEW_SIDE = 16
"""Side of a preview image in pixels."""

Picture = list[list[tuple[int, int, int]]]
"""Rows of (red, green, blue)."""


def choose_previews(source: Source, count: int = NUM_PREVIEWS) -> tuple[ImageIndex, list[str]]:
    """Return index and labels of some train images, cycling through the classes."""
    index = source.index
    train = np.flatnonzero(source.splits == TRAIN)
    labels = index.labels[train]
    labels = labels if labels.ndim == 1 else np.where(labels.any(axis=1), labels.argmax(axis=1), -1)
    by_class = [train[labels == number] for number in range(len(index.classes))]
    turns = [
        (found[turn], number)
        for turn in range(count)
        for number, found in enumerate(by_class)
        if turn < len(found)
    ][:count]
    chosen = index.choose(np.asarray([position for position, _ in turns], np.int64))
    return chosen, [index.classes[number] for _, number in turns]


def decode_images(card: Card, index: ImageIndex) -> list[NDArray[np.uint8] | None]:
    """Decode the images of a short index, (size, size, C) each; None where a file is bad.

    Deep images have the range of the whole set where the cache knows it, else that of these images.
    """
    settings = decode_settings(card, index)
    if index.files is None:
        return list(read_images(index, settings))
    decoded = [_decoded(Path(file), settings) for file in index.files]
    largest = [each.largest for each in decoded if each is not None and each.largest is not None]
    if largest and settings.bits is None:
        known, _ = known_range(card, index)
        deep = structs.replace(settings, bits=known or bits_of(max(largest)))
        decoded = [_decoded(Path(file), deep) for file in index.files]
    return [None if each is None else each.pixels_HWC for each in decoded]


def _decoded(file: Path, settings: DecodeSettings) -> Decoded | None:
    try:
        return decode_file(file, settings)
    except BadImageError:
        return None


def preview_of(image_HWC: NDArray[np.uint8], side: int = PREVIEW_SIDE) -> Picture:
    """Return an image with so many pixels a side, by default as a preview."""
    is_grey = image_HWC.shape[-1] == 1
    picture = Pillow.fromarray(image_HWC[..., 0] if is_grey else image_HWC).convert("RGB")
    picture = picture.resize((side, side), Pillow.Resampling.BOX)
    rows = np.asarray(picture).tolist()
    return [[(red, green, blue) for red, green, blue in row] for row in rows]
