"""What a run's model needs to be used, as stored in `model.json`. Imports no torch.

Exported files carry the same (`exports.Metadata`).
"""

from typing import Literal

import msgspec

from medtui.metrics import Task
from medtui.metrics.none_class import NoneClass
from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record, write_json_record
from medtui.runs.result import Result
from medtui.storage import require_digest

_HINT = "Restore the file, or delete it: it is made again from the run and its data set."


class Preprocessing(msgspec.Struct, frozen=True):
    """How an image becomes the network's input; identical to medtui's own cache."""

    mode: str
    """Pillow mode: `RGB` or `L`."""
    size: int
    """Side of the square input in pixels; see `fit`."""
    mean: tuple[float, ...]
    """Subtracted per channel, from pixels scaled to 0..1."""
    std: tuple[float, ...]
    """Divisor per channel."""
    resize: str = "bilinear, as Pillow does it, after the orientation of EXIF"
    scale: float = 1 / 255
    layout: str = "float32 NCHW"
    deep: str = "16-bit pixels lose their lower 8 bits; opacity is dropped"
    fit: Literal["stretch", "pad", "crop"] = "stretch"
    """How an oblong image becomes square: distorted, with black bars, or cut to its centre."""
    bits: int | None = None
    """Bits of pixels deeper than 8 bits, where 2**bits is white: those of the training images. None
    where these have 8 bits, or a window; then each deeper image has its own range."""
    window: tuple[float, float] | None = None
    """Stored values that become black and white; None uses the file's own window, or `bits`."""
    frame: Literal["only", "first"] = "only"
    """Which frame of a DICOM file is the image; `only` refuses files with several."""

    @property
    def channels(self) -> int:
        """Number of channels of the input."""
        return 1 if self.mode == "L" else 3

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the input."""
        return (self.channels, self.size, self.size)


class DataSource(msgspec.Struct, frozen=True):
    """The data set on which the network was trained, according to its card."""

    name: str
    title: str
    source: str
    licence: str
    citation: str
    digest: str
    """sha256 over images, labels, names, patients and split."""


class ModelRecord(msgspec.Struct, frozen=True):
    """What a run's model needs to be used, besides its weights."""

    study: str
    run: str
    architecture: str
    """torchvision's name of the network."""
    classes: list[str]
    """Class names in the order of the logits."""
    task: Task
    """`single`: softmax, the largest wins. `multi`: sigmoid, each class has its threshold."""
    preprocessing: Preprocessing
    data: DataSource
    positive_class: str | None = None
    """The class that the run's sensitivity and its like are about; None where there is none."""
    thresholds: list[float] = []
    """Probability per class, chosen on val; empty for single-label tasks."""
    threshold_rule: str | None = None
    """How the thresholds were chosen; None for single-label tasks."""
    none_class: str | None = None
    """The class that is an answer only where no other class is; None where there is none."""
    none_beside: list[str] = []
    """Classes that do not contradict it."""
    class_weights: list[float] = []
    """Weight of each class in the loss."""
    medtui: str = ""
    """Version of medtui that wrote the file."""

    @property
    def none(self) -> NoneClass | None:
        """The class that is answered only beside no other; None where there is none."""
        return None if self.none_class is None else NoneClass(self.none_class, (*self.none_beside,))


_decoder = msgspec.json.Decoder(ModelRecord)


def write_model_record(run: RunFolder, record: ModelRecord) -> None:
    """Write the record of a run's model.

    Raises:
        OSError: the disk is full, or the folder is not writable.
    """
    write_json_record(run.model_record, record)


def read_model_record(run: RunFolder, result: Result) -> ModelRecord | None:
    """Return the record of a run's model; None where an earlier version wrote none.

    Raises:
        UnreadableFile: it is damaged, or not what the run wrote.
    """
    expected = result.digest_of(run.model_record)
    require_digest(run.model_record, expected, hint=_HINT)
    return read_json_record(run.model_record, _decoder, hint=_HINT)
