"""Models of `card.toml`, the description of a data set. Opens no image."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from medtui.datasets.card_fields import FileName
from medtui.datasets.decoding.settings import Fit, Frame
from medtui.datasets.dicom_section import DicomSection
from medtui.datasets.formats import Format
from medtui.datasets.table_section import TableFiles
from medtui.errors import UsageError
from medtui.metrics import Task, has_positive_class
from medtui.preset.augmenting import Augment
from medtui.preset.document import Many
from medtui.preset.toml import (
    MAX_INTEGER,
    Document,
    DocumentError,
    Fault,
    Source,
    check,
    fault,
    parse_table,
    read_text,
    validate,
)
from medtui.resources import card_names, find_card
from medtui.suggest import did_you_mean
from medtui.user_folders import expand_home


class OfficialSplit(Document):
    """Published lists of image names, one name per line."""

    test: FileName
    """List of test images."""
    train_val: FileName | None = None
    """List of images that are divided into train and val by patient."""
    train: FileName | None = None
    """List of train images, where val has its own list."""
    val: FileName | None = None
    """List of val images."""

    @property
    def files(self) -> tuple[str, ...]:
        """Return the file names of the lists."""
        return tuple(filter(None, (self.train_val, self.train, self.val, self.test)))

    @model_validator(mode="after")
    def _covers_every_part(self) -> "OfficialSplit":
        if (self.train_val is None) == (self.train is None or self.val is None):
            raise ValueError("name either train_val, or both train and val, beside test")
        return self


class Download(Document):
    """One file of the data set at its official address."""

    url: str = Field(pattern=r"^https?://[^\s]+$")
    """Address."""
    file: FileName = Field(pattern=r"^[\w][\w.+-]*$")
    """Local file name."""
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """SHA-256 checksum; empty where unknown."""
    md5: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")
    """MD5 checksum, where the publisher provides no other."""
    num_bytes: int | None = Field(default=None, ge=1)
    """Size in bytes, where known."""


NO_POSITIVE = (
    "only where each image has one of two classes is one of them the positive one; elsewhere "
    "metrics are means over all classes. Remove the key"
)


def misnamed_positive(name: str, classes: Sequence[str], task: Task) -> str:
    """Return why a class cannot be the positive one of a data set; empty where it can."""
    if not has_positive_class(classes, task):
        return NO_POSITIVE
    if name in classes:
        return ""
    return f"`{name}` is not one of the classes. {did_you_mean(name, classes)}"


class Card(Document):
    """`card.toml`: everything medtui needs to know about a data set."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    """Version of this format."""
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """Lower-case letters, digits and dashes; also used in names of cache entries."""
    title: str = ""
    """One-line description."""
    format: Format
    """Class folders, a CSV table beside folders of images, or a MedMNIST npz file."""
    file: FileName | None = None
    """The npz file, beside the card or under the root; None where the root is the file itself."""
    task: Task | None = None
    """One class per image, or any number of them; None infers it from the labels."""
    classes: Many[str] = ()
    """Class names in the order of the logits; empty uses the classes found, sorted."""
    positive: str = ""
    """The class that sensitivity, specificity, F1 and average precision are about, where each image
    has one of two classes; empty takes the second. Numbers alone depend on it, not the training."""
    none_class: str = ""
    """The class of a multi-label set that means the absence of all others: `No Finding`. Empty
    takes `table.none_label` where that is a class."""
    none_beside: Many[str] = ()
    """Classes that an image of `none_class` may have, like `Support Devices`."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Other spellings of class folders or labels to their class: `{"benign_old" = "benign"}`."""
    ignore: Many[str] = ()
    """Shell patterns of files and folders that are no images of the set: `*_mask*`, `masks/*`.
    After `!`, files to keep that would be taken for masks or thumbnails."""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for RGB; None uses the npz file's."""
    size: int | None = Field(default=None, ge=8, le=1024)
    """Side of the square images in pixels; None uses the npz file's."""
    fit: Fit = "stretch"
    """How oblong images become square: distorted, padded with black, or cut to their centre."""
    bits: int | None = Field(default=None, ge=8, le=16)
    """Bits of pixels deeper than 8 bits, where 2**bits is white; None uses the set's range."""
    window: tuple[float, float] | None = Field(default=None, strict=False)
    """Stored values that become black and white, instead of `bits` or a file's own window.

    In DICOM files these are rescaled values: Hounsfield units in CT."""
    frame: Frame = "only"
    """Which frame of a DICOM file is the image; `only` refuses files with several."""
    mean: Literal["measure"] | Many[float] = "measure"
    """Mean per channel of pixels scaled to 0..1; `measure` computes it on the train split."""
    std: Literal["measure"] | Many[float] = "measure"
    """Standard deviation per channel, in the same way."""
    patient: str = ""
    """Regular expression searched in a file name; its first group, or its match, is the patient."""
    split: Literal["patient", "official", "image"] = "patient"
    """Grouped by patient, by official lists (or an npz file's own splits), or by image."""
    class_weights: Literal["none", "inverse", "complement", "frequency"] = "none"
    """How the loss weights follow from the class frequencies in train: "inverse" weighs rare
    classes up, "complement" does so mildly, and "frequency", the frequency itself, down."""
    table: TableFiles | None = None
    """Required for format = "table", and only there."""
    dicom: DicomSection | None = None
    """What is read from DICOM headers."""
    official: OfficialSplit | None = None
    """Published split lists; an npz file contains its own split."""
    augment: Augment = Augment()
    """Augmentation of training batches."""
    download: Many[Download] = ()
    """Files that `medtui data fetch` downloads."""
    by_hand: str = ""
    """What to download manually where no address can be fetched, and where to put it."""
    source: str = ""
    """Authors and place of publication."""
    licence: str = ""
    """Licence or terms of use."""
    citation: str = ""
    """Publication to cite."""

    @field_validator("patient")
    @classmethod
    def _pattern_compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is not a regular expression: {error}") from error
        return value

    @field_validator("classes")
    @classmethod
    def _classes_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) == 1 or len(set(value)) < len(value) or not all(map(str.strip, value)):
            raise ValueError(f"{list(value)} must be at least two different names")
        return value

    @check("positive", "classes", "task")
    def _positive_is_a_class(self) -> Iterator[Fault]:
        if self.positive and self.task == "multi":
            yield fault("positive", NO_POSITIVE)
        elif self.positive and self.classes:
            sentence = misnamed_positive(self.positive, self.classes, "single")
            if sentence:
                yield fault("positive", sentence)

    @check("none_class", "none_beside", "classes", "task")
    def _none_is_a_class(self) -> Iterator[Fault]:
        if self.none_class and self.task == "single":
            yield fault("none_class", "each image has one class, so none means absence of others")
        for key, names in (("none_class", [self.none_class]), ("none_beside", self.none_beside)):
            for name in filter(None, names):
                if self.classes and name not in self.classes:
                    hint = did_you_mean(name, self.classes)
                    yield fault(key, f"`{name}` is not one of the classes. {hint}")

    @model_validator(mode="after")
    def _sections_fit_the_format(self) -> "Card":
        if (self.table is not None) != (self.format == "table"):
            raise ValueError(
                'a [table] section is required for format = "table" and not allowed otherwise'
            )
        if self.format != "medmnist" and (self.size is None or self.channels is None):
            raise ValueError(f'size and channels are required for format = "{self.format}"')
        if self.format == "folders" and self.task == "multi":
            raise ValueError('class folders give one class per image; task = "multi" needs a table')
        if self.format == "medmnist" and self.dicom is not None:
            raise ValueError("a [dicom] section is for image files, not for an npz file")
        if self.table is not None and not self.table.label_column and not self.classes:
            raise ValueError("without table.label_column, classes must name the 0/1 columns")
        return self

    @model_validator(mode="after")
    def _ranges_fit_the_format(self) -> "Card":
        if self.window is not None and not self.window[0] < self.window[1]:
            raise ValueError(f"window = {list(self.window)} must ascend")
        if self.window is not None and self.bits is not None:
            raise ValueError("name either bits or window")
        if self.format == "medmnist" and (self.window is not None or self.bits is not None):
            raise ValueError("bits and window are of image files; an npz file has 8-bit pixels")
        return self

    @model_validator(mode="after")
    def _statistics_fit_the_channels(self) -> "Card":
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values != "measure" and self.channels is not None and len(values) != self.channels:
                raise ValueError(f"{name} = {list(values)} must have {self.channels} value(s)")
        if self.std != "measure" and min(self.std, default=0.0) <= 0:
            raise ValueError(f"std = {list(self.std)} must be above 0")
        return self


def load_card(name_or_path: str) -> tuple[Card, Path]:
    """Return a card and the path of its file, by the name of a packaged card, a file or a folder.

    Raises:
        DocumentError: the file is not a valid card.
        UsageError: there is no such card.
    """
    path = _find(name_or_path)
    text = read_text(path)
    table = parse_table(text, str(path))
    source = Source(str(path), text)
    version = table.get("schema", 1)
    if isinstance(version, int) and 1 < version <= MAX_INTEGER:
        sentence = f"`schema` = {version} is newer than this medtui reads; update medtui"
        raise DocumentError(str(path), [source.problem_at(("schema",), sentence)])
    return validate(Card, table, source), path


def _find(name_or_path: str) -> Path:
    given = expand_home(name_or_path)
    for path in (given, given / "card.toml"):
        if path.is_file():
            return path
    shipped = find_card(name_or_path) if re.fullmatch(r"[\w-]+", name_or_path) else None
    if shipped is None:
        known = ", ".join(card_names()) or "none"
        raise UsageError(
            f"{name_or_path}: no such card file, and no packaged data set of this name.",
            hint=f"Packaged data sets: {known}. For your own images: medtui data new FOLDER.",
        )
    return shipped
