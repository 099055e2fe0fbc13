"""The processes that inspect a data set and read some of its images: requests and messages."""

import msgspec

RgbRows = list[list[tuple[int, int, int]]]
"""A small picture: rows of red, green, blue."""


class DatasetRequest(msgspec.Struct, frozen=True):
    """The data set to inspect, or to show some images of."""

    settings: str
    """`DataSettings` as JSON."""
    is_every_image_read: bool = False
    """Whether every image is read, which leaves them decoded in the cache."""


class PreviewImage(msgspec.Struct, frozen=True):
    """One train image, small."""

    label: str
    """Its class, or one of its classes."""
    image: RgbRows
    """As it is stored for the network."""
    augmented: RgbRows = []
    """As a training batch may show it; empty until that is known."""


class SplitCount(msgspec.Struct, frozen=True):
    """One split of the data."""

    name: str
    num_images: int
    num_patients: int | None
    """None where nothing tells."""
    counts: dict[str, int]
    """Class to its images."""


class Checked(msgspec.Struct, frozen=True):
    """What only a look at every image tells."""

    kinds: dict[str, int]
    """Files by format and mode, commonest first."""
    sides: tuple[int, int]
    """Shortest and longest side of any image in pixels."""
    mean: tuple[float, ...]
    """Per channel, of train's pixels scaled to 0..1."""
    std: tuple[float, ...]
    """Per channel, of the same pixels."""
    bad: dict[str, str]
    """Names of images that cannot be used, and why."""


class DataReport(msgspec.Struct, frozen=True, tag=True):
    """What was found, or why nothing was."""

    problem: str = ""
    """Empty where the data set can be used."""
    title: str = ""
    classes: list[str] = []
    size: int = 0
    channels: int = 0
    task: str = ""
    has_patients: bool = False
    splits: list[SplitCount] = []
    notes: list[str] = []
    previews: list[PreviewImage] = []
    checked: Checked | None = None
    """None until every image was looked at."""

    @property
    def num_images(self) -> int:
        """Images of all splits."""
        return sum(split.num_images for split in self.splits)


class Reading(msgspec.Struct, frozen=True, tag=True):
    """How far reading every image has come."""

    stage: str
    done: int
    total: int


class PreviewImages(msgspec.Struct, frozen=True):
    """Some train images, before and after augmentation."""

    previews: list[PreviewImage]


class PicturesRequest(msgspec.Struct, frozen=True):
    """Images that are asked for by name."""

    settings: str
    """`DataSettings` as JSON."""
    names: list[str]


class Pictures(msgspec.Struct, frozen=True):
    """The images that could be read."""

    shape: tuple[int, int, int] = (0, 0, 0)
    """Height, width, channels of each."""
    pixels: dict[str, bytes] = {}
    """Name to uint8 pixels in that order."""
    problem: str = ""
    """Why none could be read; empty where some could."""


InspectionMessage = DataReport | Reading

inspection_decoder: msgspec.json.Decoder[InspectionMessage] = msgspec.json.Decoder(
    InspectionMessage
)
previews_decoder: msgspec.json.Decoder[PreviewImages] = msgspec.json.Decoder(PreviewImages)
pictures_decoder: msgspec.json.Decoder[Pictures] = msgspec.json.Decoder(Pictures)
