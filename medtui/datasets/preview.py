"""A few images, decoded alone: for a first look, before a whole data set is."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from medtui.datasets.decoding.image import decode_file
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.formats.medmnist import load_npz_pixels
from medtui.datasets.index import TRAIN, Listing
from medtui.datasets.progress import tell_nobody
from medtui.datasets.resolve import Source

NUM_SAMPLES = 6
"""Images of a first look."""

SAMPLE_SIDE = 16
"""Side they are shown at, in pixels."""

Picture = list[list[tuple[int, int, int]]]
"""Rows of red, green, blue."""


def choose_samples(source: Source, count: int = NUM_SAMPLES) -> tuple[Listing, list[str]]:
    """Return the listing and the labels of some train images, classes in turn."""
    listing = source.listing
    train = np.flatnonzero(source.parts == TRAIN)
    labels = listing.labels[train]
    labels = labels if labels.ndim == 1 else labels.argmax(axis=1)
    by_class = [train[labels == number] for number in range(len(listing.classes))]
    turns = [
        (found[turn], number)
        for turn in range(count)
        for number, found in enumerate(by_class)
        if turn < len(found)
    ][:count]
    chosen = listing.choose(np.asarray([position for position, _ in turns], np.int64))
    return chosen, [listing.classes[number] for _, number in turns]


def decode_samples(listing: Listing) -> list[NDArray[np.uint8] | None]:
    """Decode a short listing in this process, (size, size, C) each; None where a file is bad."""
    if listing.files is None:
        return list(load_npz_pixels(listing, tell_nobody).images_NHWC)
    return [_decoded(Path(file), listing) for file in listing.files]


def _decoded(file: Path, listing: Listing) -> NDArray[np.uint8] | None:
    try:
        return decode_file(file, listing.size, listing.channels).pixels_HWC
    except BadImageError:
        return None


def picture_of(image_HWC: NDArray[np.uint8]) -> Picture:
    """Return an image at the size at which samples are shown."""
    is_grey = image_HWC.shape[-1] == 1
    picture = Pillow.fromarray(image_HWC[..., 0] if is_grey else image_HWC).convert("RGB")
    picture = picture.resize((SAMPLE_SIDE, SAMPLE_SIDE), Pillow.Resampling.BOX)
    rows = np.asarray(picture).tolist()
    return [[(red, green, blue) for red, green, blue in row] for row in rows]
