"""Looks a few images up by name, in a process of its own.

`python -m medtui.datasets.image_lookup` reads a request from stdin.

Whoever shows images to people asks here: listing a data set would hold up a screen, and no file
can take the asker down.
"""

import subprocess
import sys

import msgspec
import numpy as np
from numpy.typing import NDArray

from medtui.datasets.preview import decode_samples
from medtui.datasets.resolve import open_source
from medtui.errors import MedtuiError
from medtui.preset import DataSettings

Picture = NDArray[np.uint8]
"""(H, W, C)."""


class _Answer(msgspec.Struct):
    shape: tuple[int, int, int] = (0, 0, 0)
    pixels: dict[str, bytes] = {}
    problem: str = ""


def pictures_of(settings: DataSettings, names: list[str]) -> tuple[dict[str, Picture], str]:
    """Give the images that can be had, by name, and why others cannot; empty where all can.

    Blocks for as long as the data set takes to be listed.
    """
    asked = msgspec.json.encode([settings.model_dump_json(), names])
    done = subprocess.run(
        [sys.executable, "-m", "medtui.datasets.image_lookup"],
        input=asked, capture_output=True, check=False,
    )  # fmt: skip
    try:
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.DecodeError:
        return {}, "The images could not be read."
    pictures = {
        name: np.frombuffer(raw, np.uint8).reshape(answer.shape)
        for name, raw in answer.pixels.items()
    }
    return pictures, answer.problem


def _find(settings: DataSettings, names: list[str]) -> _Answer:
    try:
        listing = open_source(settings).listing
        place_of = {name: at for at, name in enumerate(listing.names)}
        known = [name for name in names if name in place_of]
        chosen = listing.choose(np.array([place_of[name] for name in known], np.int64))
        images = decode_samples(chosen)
    except MedtuiError as error:
        return _Answer(problem=error.message)
    found = {name: image for name, image in zip(known, images, strict=True) if image is not None}
    shape = (listing.size, listing.size, listing.channels)
    return _Answer(shape, {name: image.tobytes() for name, image in found.items()})


def main() -> None:
    """Answer one request from stdin."""
    settings, names = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[str, list[str]])
    answer = _find(DataSettings.model_validate_json(settings), names)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
