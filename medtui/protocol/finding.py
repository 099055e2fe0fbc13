"""What medtui found out about a data set, and how serious it is."""

from typing import Literal

import msgspec

Rank = Literal["note", "warning", "error"]
"""`error` stops a study before it starts, unless the preset's `data.accept` names the finding."""

ERRORS = {
    "class-spelling": "Names of classes differ by case, blanks or `.0`, or begin alike.",
    "contradicting-rows": "Rows of over a tenth of the images contradict each other.",
    "dominant-patient": "One patient holds over half of all images, or of a class.",
    "joined-labels": "Labels seem to be joined by something else than the card's separator.",
    "mixed-bit-depths": "Images have pixels of different depths, which no single range fits.",
    "missing-class": "An official split has no image of a class that another split has.",
    "missing-labels": "A word for a missing label may be a class, and the card names no classes.",
    "mixed-encodings": "A table mixes UTF-8 with another encoding: letters are read wrongly.",
    "ragged-rows": "Over a tenth of a table's rows have too many cells, or are cut.",
    "rows-without-files": "Over half of the rows of a table have no file.",
    "scientific-patients": "Patients are in scientific notation, in which digits are lost.",
    "shared-files": "Most rows of a table fit a file that other rows fit too.",
    "shared-patients": "An official split has images of one patient in several splits.",
    "uncertain-labels": "Over half of the rows have an uncertain label, and the card has no rule.",
    "unusable-rows": "Over half of the rows of a table cannot be used.",
    "unsupported-files": "Most images have a format that is not read.",
}
"""Name of each error to the condition that it reports; `data.accept` takes these names."""


class Finding(msgspec.Struct, frozen=True):
    """One fact about a data set that a reader of its results should know."""

    name: str
    """Kind of fact in lower case with dashes, like `shared-patients`."""
    rank: Rank
    sentence: str
    """The fact with counts and examples."""
