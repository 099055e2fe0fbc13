"""Other data sets that finished models are evaluated on: `[[external]]`, and `--map`'s file."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from medtui.preset.toml import Document, Source, parse_table, read_text, validate


class ExternalSite(Document):
    """A labelled data set that finished runs are evaluated on."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_. -]{0,63}$", examples=["clinic-b"], min_length=1
    )
    """What the data set is called in tables."""
    card: str = Field(min_length=1, examples=["demo"])
    """A shipped card's name, or the path of a `card.toml`."""
    root: str = ""
    """Where the images are: a folder or an npz file; empty where the card carries its data."""
    split: Literal["all", "test"] = "all"
    """All images, or the test split by the card and the preset's seed."""
    classes: dict[str, str] = Field(default={}, examples=[{"malaria": "Parasitized"}])
    """The data set's class to the model's, where they are named differently; "" leaves images of a
    class out. Classes of equal names need no entry."""


class ClassMap(Document):
    """The file of `medtui evaluate --map`."""

    classes: dict[str, str] = Field(examples=[{"malaria": "Parasitized"}])
    """The data set's class to the model's; "" leaves images of a class out."""


def read_class_map(path: Path) -> dict[str, str]:
    """Return the classes of a map's file.

    Raises:
        DocumentError: the file does not make a map.
    """
    text = read_text(path)
    table = parse_table(text, str(path))
    return validate(ClassMap, table, Source(str(path), text)).classes
