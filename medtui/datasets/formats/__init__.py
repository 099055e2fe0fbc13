"""Data set formats that a card may name: one module and one row each."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["folders", "table", "medmnist"]
"""What a card's `format` may be; each has a row in `FORMATS`."""

Uncertain = Literal["negative", "positive", "ignore"]
"""How an uncertain value of a 0/1 column is read; "ignore" masks that label alone."""

RowRule = Literal["any", "first", "majority"]
"""Which of an image's rows count: a label that any row has, the first row, or most raters."""


@dataclass(frozen=True)
class FormatRow:
    """Where a format is read."""

    module: str
    """Module with `index_images(card, path, size) -> ImageIndex`; imported when a card names it."""
    is_file: bool = False
    """Whether the images are one file, not a folder of files."""


FORMATS: dict[Format, FormatRow] = {
    "folders": FormatRow("medtui.datasets.formats.class_folders"),
    "table": FormatRow("medtui.datasets.formats.csv_table"),
    "medmnist": FormatRow("medtui.datasets.formats.medmnist", is_file=True),
}
