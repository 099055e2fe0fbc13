"""What a data set is: the card's models and its file. Knows TOML, opens no image."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, Strict, field_validator, model_validator

from medtui.datasets.formats import Format
from medtui.errors import UsageError
from medtui.metrics.task import Task
from medtui.preset.toml import (
    Document,
    DocumentError,
    Source,
    parse_table,
    read_text,
    validate,
)
from medtui.resources import card_names, find_card

T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(strict=False)]
"""A TOML array, held as a tuple; its elements stay strict."""

FileName = Annotated[str, Field(min_length=1, max_length=255)]
"""A file's path, taken from the data's root; `..` may not leave it."""


class Subgroup(Document):
    """A column by which results are told apart: sex, age, view. No network sees it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_ -]{0,39}$")
    """As results call it."""
    column: str = Field(min_length=1)
    """The table's column; where it is missing, a note says so and there is no such subgroup."""
    bins: Many[float] = ()
    """Ascending edges that make bins of numbers; ages may be `060Y`. Empty takes cells as words."""

    @field_validator("bins")
    @classmethod
    def _edges_ascend(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(high <= low for low, high in pairwise(value)):
            raise ValueError(f"{list(value)} must ascend")
        return value


class TableFiles(Document):
    """How a CSV table names images, labels and patients."""

    file: Many[FileName] = Field(min_length=1)
    """Names of the table; the first that exists under the root, or beside it, is read."""
    name_column: str = Field(min_length=1)
    """Column of the image's file name."""
    label_column: str = ""
    """Column of labels, several joined by `separator`; empty where every class has a 0/1 column."""
    separator: str = Field(default="|", min_length=1, max_length=8)
    """Stands between joined labels."""
    none_label: str = ""
    """The word for "none of the classes"; where `classes` names it too, it is a class itself."""
    patient_column: str = ""
    """Column of the patient; empty where the card's `patient` pattern tells, or nothing does."""
    subgroups: Many[Subgroup] = ()
    """Columns by which results are told apart."""


class OfficialSplit(Document):
    """Lists of image names, one a line, that the data set's makers published."""

    test: FileName
    """The test images."""
    train_val: FileName | None = None
    """Images to be divided into train and val by patient."""
    train: FileName | None = None
    """The train images, where val has a list of its own."""
    val: FileName | None = None
    """The val images."""

    @property
    def files(self) -> tuple[str, ...]:
        """Return the lists' names."""
        return tuple(filter(None, (self.train_val, self.train, self.val, self.test)))

    @model_validator(mode="after")
    def _covers_every_part(self) -> "OfficialSplit":
        if (self.train_val is None) == (self.train is None or self.val is None):
            raise ValueError("name either train_val, or both train and val, beside test")
        return self


class Augment(Document):
    """What training batches go through; strengths as in torchvision's ColorJitter."""

    flip_horizontal: bool = False
    """Mirror left and right, half of the time. Never for chest films: the heart is on the left."""
    flip_vertical: bool = False
    """Mirror top and bottom, half of the time."""
    rotation_degrees: float = Field(default=0.0, ge=0, le=180)
    """Rotate by a uniform angle within plus or minus this."""
    brightness: float = Field(default=0.0, ge=0, le=1)
    """Scale pixels by a uniform factor within 1 plus or minus this."""
    contrast: float = Field(default=0.0, ge=0, le=1)
    """Likewise, the distance to the image's mean grey."""
    saturation: float = Field(default=0.0, ge=0, le=1)
    """Likewise, the distance to each pixel's own grey; without effect on one channel."""
    hue: float = Field(default=0.0, ge=0, le=0.5)
    """Turn the hue by a uniform share of the circle within plus or minus this."""


class Download(Document):
    """One file of the data set at its official address."""

    url: str = Field(pattern=r"^https?://[^\s]+$")
    """Where it is."""
    file: FileName = Field(pattern=r"^[\w][\w.+-]*$")
    """What it is called here."""
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """Its checksum; empty where none is known."""
    md5: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")
    """Likewise, where the makers publish only this one."""
    num_bytes: int | None = Field(default=None, ge=1)
    """Its size, where known."""


class Card(Document):
    """`card.toml`: everything medtui needs to know about a data set."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    """Version of this format."""
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """Lower-case letters, digits, dashes; it names caches."""
    title: str = ""
    """A line for people."""
    format: Format
    """Class folders, a CSV table beside folders of images, or a MedMNIST npz file."""
    file: FileName | None = None
    """The npz file, beside the card or under the root; None where the root is the file itself."""
    task: Task | None = None
    """One class per image, or any number of them; None takes what the labels look like."""
    classes: Many[str] = ()
    """Names in the order of the logits; empty takes those found, sorted."""
    channels: Literal[1, 3] | None = None
    """1 keeps films grey; None takes the npz file's."""
    size: int | None = Field(default=None, ge=8, le=1024)
    """Side of the square images in pixels; None takes the npz file's."""
    mean: Literal["measure"] | Many[float] = "measure"
    """Per channel, of pixels scaled to 0..1; `measure` takes the train split's."""
    std: Literal["measure"] | Many[float] = "measure"
    """Likewise, the standard deviation."""
    patient: str = ""
    """Pattern searched in an image's file name; its first group, else its match, is the patient."""
    split: Literal["patient", "official", "image"] = "patient"
    """Grouped by patient, by published lists (or an npz file's own parts), or image by image."""
    class_weights: Literal["none", "inverse", "complement", "frequency"] = "none"
    """How train frequencies become the loss's weights; see `weights.py`."""
    table: TableFiles | None = None
    """Only for format = "table"."""
    official: OfficialSplit | None = None
    """Published lists; an npz file carries its own split."""
    augment: Augment = Augment()
    """What training batches go through."""
    download: Many[Download] = ()
    """Where `medtui data fetch` gets the files."""
    by_hand: str = ""
    """What a person downloads where no address can be fetched, and where it goes."""
    source: str = ""
    """Who made it, and where it is published."""
    licence: str = ""
    """On what terms."""
    citation: str = ""
    """What to cite."""

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
            raise ValueError(f"{list(value)} must be two or more different names")
        return value

    @model_validator(mode="after")
    def _sections_fit_the_format(self) -> "Card":
        if (self.table is not None) != (self.format == "table"):
            raise ValueError('format = "table" and a [table] section belong together')
        if self.format != "medmnist" and (self.size is None or self.channels is None):
            raise ValueError(f'size and channels must be given for format = "{self.format}"')
        if self.format == "folders" and self.task == "multi":
            raise ValueError('class folders give one class per image; task = "multi" needs a table')
        if self.split == "official" and self.format == "table" and self.official is None:
            raise ValueError('split = "official" needs an [official] section that names the lists')
        if self.table is not None and not self.table.label_column and not self.classes:
            raise ValueError("without table.label_column, classes must name the 0/1 columns")
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
    """Read a card by shipped name, file or folder, and give it with its file's path.

    Raises:
        DocumentError: the file is not a card.
        UsageError: there is no such card.
    """
    path = _find(name_or_path)
    text = read_text(path)
    table = parse_table(text, str(path))
    source = Source(str(path), text)
    version = table.get("schema", 1)
    if isinstance(version, int) and version > 1:
        sentence = f"`schema` = {version} is newer than this medtui reads; update medtui"
        raise DocumentError(str(path), [source.problem_at(("schema",), sentence)])
    return validate(Card, table, source), path


def _find(name_or_path: str) -> Path:
    given = Path(name_or_path).expanduser()
    for path in (given, given / "card.toml"):
        if path.is_file():
            return path
    shipped = find_card(name_or_path) if re.fullmatch(r"[\w-]+", name_or_path) else None
    if shipped is None:
        known = ", ".join(card_names()) or "none"
        raise UsageError(
            f"{name_or_path}: no such card, neither a file nor a shipped data set.",
            hint=f"Shipped: {known}. For your own images: medtui data new FOLDER.",
        )
    return shipped
