"""What medtui found out about a data set, and how serious it is."""

from typing import Literal

import msgspec

Rank = Literal["note", "warning", "error"]
"""`error` stops a study before it starts, unless the preset's `data.accept` names the finding."""

ERRORS = {
    "missing-class": "An official split has no image of a class that another split has.",
    "shared-patients": "An official split has images of one patient in several splits.",
}
"""Name of each error to the condition that it reports; `data.accept` takes these names."""


class Finding(msgspec.Struct, frozen=True):
    """One fact about a data set that a reader of its results should know."""

    name: str
    """Kind of fact in lower case with dashes, like `shared-patients`."""
    rank: Rank
    sentence: str
    """The fact with counts and examples."""
