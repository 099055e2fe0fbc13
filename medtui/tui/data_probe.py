"""Looks at a data set from a short-lived process: `python -m medtui.tui.data_probe` < settings.

Listing a hundred thousand files would hold up the screen, and no multiprocessing may begin inside
it. Prints a `DataReport` as JSON.
"""

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from medtui.errors import MedtuiError
from medtui.preset import DataSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from medtui.datasets.listing import Listing
    from medtui.datasets.source import Source

NUM_SAMPLES = 6
"""Images shown."""

SAMPLE_SIDE = 16
"""Side they are shown at, in pixels."""

Image = list[list[tuple[int, int, int]]]
"""Rows of red, green, blue."""


class PartCount(msgspec.Struct, frozen=True):
    """One part of the data."""

    name: str
    num_images: int
    num_patients: int | None
    """None where nothing tells."""
    counts: dict[str, int]
    """Class to its images."""


class Sample(msgspec.Struct, frozen=True):
    """One image, as the network will see it but for its size."""

    label: str
    image: Image


class DataReport(msgspec.Struct, frozen=True):
    """What was found, or why nothing was."""

    problem: str = ""
    """Empty where the data set can be used."""
    title: str = ""
    classes: list[str] = []
    size: int = 0
    channels: int = 0
    task: str = ""
    has_patients: bool = False
    parts: list[PartCount] = []
    notes: list[str] = []
    samples: list[Sample] = []


class DataLook:
    """One look at a data set, which can be called off."""

    def __init__(self, settings: DataSettings) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "medtui.tui.data_probe"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._settings = settings

    def wait(self) -> DataReport:
        """Give what was found; blocks, so it is called from a thread."""
        asked = self._settings.model_dump_json().encode()
        stdout, stderr = self._process.communicate(asked)
        try:
            return msgspec.json.decode(stdout, type=DataReport)
        except msgspec.DecodeError:
            last = stderr.decode(errors="replace").strip().rpartition("\n")[2]
            return DataReport(
                problem=f"The data set could not be looked at: {last or 'no answer'}."
            )

    def cancel(self) -> None:
        """Call it off."""
        self._process.kill()


def look(settings: DataSettings) -> DataReport:
    """Look at a data set in this process."""
    from medtui.datasets.source import open_source
    from medtui.datasets.survey import survey_source

    try:
        source = open_source(settings)
        survey = survey_source(source)
    except MedtuiError as error:
        return DataReport(problem=str(error))
    return DataReport(
        title=survey.card.title or survey.card.name,
        classes=list(survey.classes),
        size=survey.size,
        channels=survey.channels,
        task=survey.task,
        has_patients=survey.has_patients,
        parts=[
            PartCount(part.name, part.num_images, part.num_patients, part.counts)
            for part in survey.parts
        ],
        notes=list(survey.notes),
        samples=_samples(source),
    )


def _samples(source: "Source") -> list[Sample]:
    """Decode a few images, classes in turn; one that cannot be read is left out."""
    import numpy as np

    listing = source.listing
    labels = listing.labels if listing.labels.ndim == 1 else listing.labels.argmax(axis=1)
    by_class = [np.flatnonzero(labels == number) for number in range(len(listing.classes))]
    turns = [found[turn] for turn in range(NUM_SAMPLES) for found in by_class if turn < len(found)]
    positions = np.asarray(turns[:NUM_SAMPLES])
    return [
        Sample(listing.classes[int(labels[position])], image)
        for position, image in zip(positions, _images(listing.choose(positions)), strict=False)
        if image
    ]


def _images(listing: "Listing") -> list[Image]:
    from pathlib import Path

    from medtui.datasets.medmnist import load_npz_pixels
    from medtui.datasets.progress import tell_nobody
    from medtui.decoding.image import decode_file
    from medtui.decoding.png import BadImageError

    if listing.files is None:
        arrays = list(load_npz_pixels(listing, tell_nobody).images_NHWC)
    else:
        arrays = []
        for file in listing.files:
            try:
                arrays.append(decode_file(Path(file), listing.size, listing.channels).pixels_HWC)
            except BadImageError:
                arrays.append(None)
    return [_small(array) for array in arrays]


def _small(image_HWC: "NDArray[np.uint8] | None") -> Image:
    if image_HWC is None:
        return []
    from PIL import Image as Pillow

    grey = image_HWC.shape[-1] == 1
    picture = Pillow.fromarray(image_HWC[..., 0] if grey else image_HWC).convert("RGB")
    picture = picture.resize((SAMPLE_SIDE, SAMPLE_SIDE), Pillow.Resampling.BOX)
    raw = picture.tobytes()
    pixels = [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw), 3)]
    return [pixels[row * SAMPLE_SIDE : (row + 1) * SAMPLE_SIDE] for row in range(SAMPLE_SIDE)]


def main() -> None:
    """Answer one question from stdin."""
    settings = DataSettings.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.json.encode(look(settings)))


if __name__ == "__main__":
    main()
