"""Request and messages of the process that predicts images without labels."""

import msgspec

from medtui.protocol.outcome import Progress


class PredictRequest(msgspec.Struct, frozen=True):
    """The images, and the model that answers them."""

    run: str
    """The run's folder."""
    paths: list[str] = []
    """Folders and files; empty where a card is given."""
    card: str = ""
    """A card's name or path, whose images are predicted; empty where paths are given."""
    root: str = ""
    """Folder or file of the card's images."""
    model: str = "run"
    """`run`, `shrunk`, a format of exported files, or the path of one."""
    device: str = "auto"
    threads: int = 0
    """CPU threads; 0 uses all cores."""
    finds_unlike: bool = True
    """Whether images unlike the training images are marked."""


class ImageAnswer(msgspec.Struct, frozen=True):
    """What a model answers about one file."""

    file: str
    """Path as it was named, or an image's name in its card."""
    answers: list[str] = []
    """Classes that are answered: one, or in multi-label tasks any number."""
    probabilities: list[float] = []
    """Probability of each class, in the order of the logits."""
    logits: list[float] = []
    distance: float | None = None
    """Distance to the training images; None where it is not measured."""
    is_unlike: bool | None = None
    """Whether the distance is beyond the limit."""
    problem: str = ""
    """Why the file has no answer; empty where it has one."""


class Answers(msgspec.Struct, frozen=True, tag=True):
    """Answers to some files, in the order in which they were found."""

    images: list[ImageAnswer]


class Alarm(msgspec.Struct, frozen=True):
    """How images unlike the training images are found, and how often falsely."""

    limit: float
    """Distance beyond which an image counts as unlike them."""
    val_share: float
    """Share of the run's val images beyond it: the rate of false alarms that was chosen."""
    test_share: float
    """Share of the run's test images beyond it: the rate that was measured."""
    num_val: int
    num_test: int
    """Test images that were measured; 0 where test is sealed."""


class ModelOpened(msgspec.Struct, frozen=True, tag=True):
    """The model that answers; sent once, before the answers."""

    model: str
    """`run`, `shrunk` or the name of a file."""
    classes: list[str]
    task: str
    num_files: int
    alarm: Alarm | None = None
    """None where images unlike the training images are not found."""
    notes: list[str] = []
    """What a reader of the answers should know."""


PredictMessage = Progress | ModelOpened | Answers

decoder: msgspec.json.Decoder[PredictMessage] = msgspec.json.Decoder(PredictMessage)
