"""Requests and messages of the processes that inspect a data set and read some of its images."""

import msgspec

from medtui.protocol.finding import Finding
from medtui.protocol.preflight import SplitPower

RgbRows = list[list[tuple[int, int, int]]]
"""A small picture: rows of (red, green, blue), 0 to 255."""


class DatasetRequest(msgspec.Struct, frozen=True):
    """The data set to inspect, or whose images to show."""

    settings: str
    """`DataSettings` as JSON."""
    is_every_image_read: bool = False
    """Whether to read every image, which also fills the cache."""


class PreviewImage(msgspec.Struct, frozen=True):
    """One train image as a small picture."""

    label: str
    """Its class, or one of its classes in multi-label tasks."""
    image: RgbRows
    """The image as the cache stores it."""
    augmented: RgbRows = []
    """The image after one random augmentation; empty if not computed yet."""


class SplitCount(msgspec.Struct, frozen=True):
    """The size of one split."""

    name: str
    num_images: int
    num_patients: int | None
    """None if the data set has no patients."""
    counts: dict[str, int]
    """Number of images of each class."""
    patients: dict[str, int] = {}
    """Number of patients with an image of each class; empty if the data set has no patients."""


class Checked(msgspec.Struct, frozen=True):
    """Results that require reading every image."""

    kinds: dict[str, int]
    """Number of files by format and mode, most common first."""
    sides: tuple[int, int]
    """Shortest and longest side of any image, in pixels."""
    mean: tuple[float, ...]
    """Mean of each channel over train, for pixels scaled to 0..1."""
    std: tuple[float, ...]
    """Standard deviation of each channel over train, for pixels scaled to 0..1."""
    bad: dict[str, str]
    """Names of unusable images, with the reason."""
    aspects: dict[str, float] = {}
    """Median of width / height of the files of each class."""


class DataReport(msgspec.Struct, frozen=True, tag=True):
    """The contents of a data set, or the reason why it cannot be used."""

    problem: str = ""
    """Empty if the data set can be used."""
    title: str = ""
    classes: list[str] = []
    positive_class: str | None = None
    """The class that sensitivity and its like are about; None where they average over classes."""
    augment: str = ""
    """Augmentation of training batches in one line: the preset's, else the card's."""
    class_weights: dict[str, float] = {}
    """Loss weight of each class."""
    class_weight_rule: str = ""
    """How it follows from the frequencies in train, in words."""
    size: int = 0
    channels: int = 0
    task: str = ""
    has_patients: bool = False
    splits: list[SplitCount] = []
    split_method: str = ""
    """How images were assigned to them: `patient`, `official`, `image`."""
    has_fractions: bool = True
    """Whether the fractions of the preset count."""
    images_by_patient: list[int] = []
    """Number of images of each patient, in ascending order; empty if patients are unknown."""
    power: SplitPower | None = None
    """What the test split can show."""
    findings: list[Finding] = []
    """The most serious first."""
    previews: list[PreviewImage] = []
    checked: Checked | None = None
    """None until every image was read."""

    @property
    def num_images(self) -> int:
        """Number of images in all splits."""
        return sum(split.num_images for split in self.splits)


class Reading(msgspec.Struct, frozen=True, tag=True):
    """Progress of reading every image."""

    stage: str
    done: int
    total: int


class PreviewImages(msgspec.Struct, frozen=True):
    """Some train images before and after augmentation."""

    previews: list[PreviewImage]


class PicturesRequest(msgspec.Struct, frozen=True):
    """Images requested by name."""

    settings: str
    """`DataSettings` as JSON."""
    names: list[str]


class Pictures(msgspec.Struct, frozen=True):
    """The images that could be read."""

    shape: tuple[int, int, int] = (0, 0, 0)
    """Height, width and channels of each image."""
    pixels: dict[str, bytes] = {}
    """uint8 pixels (H, W, C) by image name."""
    problem: str = ""
    """Why no image could be read; empty if some could."""


InspectionMessage = DataReport | Reading

inspection_decoder: msgspec.json.Decoder[InspectionMessage] = msgspec.json.Decoder(
    InspectionMessage
)
previews_decoder: msgspec.json.Decoder[PreviewImages] = msgspec.json.Decoder(PreviewImages)
pictures_decoder: msgspec.json.Decoder[Pictures] = msgspec.json.Decoder(Pictures)
