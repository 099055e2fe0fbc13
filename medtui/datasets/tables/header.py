"""Reads what stands at the top of a table: `sep=`, comments, and the names of the columns."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from medtui.datasets.tables.delimiter import cells_of, delimiter_of_sep_line, find_delimiter
from medtui.datasets.tables.records import shape_of
from medtui.datasets.tables.text import lines_of

_INVISIBLE = "\ufeff\u200b\u00a0"
_FILE_NAME = re.compile(r"\.(png|jpe?g|bmp|tiff?|gif|webp|dcm|dicom|nii|gz)$", re.IGNORECASE)
_LOOKED_AT = 50
"""Number of rows with which the first is compared."""


@dataclass(frozen=True)
class Head:
    """Top of a table, taken off."""

    text: str
    """The table itself, from the header on."""
    num_lines: int
    """Number of lines before it."""
    delimiter: str
    """Delimiter of a `sep=` line; empty without one."""


def skip_head(text: str) -> Head:
    """Return a table without `sep=` line, blank lines and comments at its top.

    A last comment without a blank behind the `#` that has as many cells as the next line is the
    header: some programs write `#image,label`.
    """
    delimiter, skipped, at, last = "", 0, 0, ""
    for line in lines_of(text):
        told = "" if skipped else delimiter_of_sep_line(line)
        delimiter = delimiter or told
        if line.strip() and not line.startswith("#") and not told:
            break
        skipped, at, last = skipped + 1, at + len(line), line
    rest = text[at:]
    if last.startswith("#") and not last[1:2].isspace():
        top = [last, *islice(lines_of(rest), 1)]
        widths = [len(row) for row in cells_of(top, delimiter or find_delimiter(rest))]
        if not rest or (len(set(widths)) == 1 and widths[0] > 1):
            return Head(text[at - len(last) :], skipped - 1, delimiter)
    return Head(rest, skipped, delimiter)


def clean(cell: str) -> str:
    """Return a column's name without outer blanks, quotes, marks and a comment sign."""
    name = " ".join(cell.strip(_INVISIBLE).split()).strip(_INVISIBLE)
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'`":
        name = name[1:-1].strip()
    return name.removeprefix("#").strip() or name


def positions(header: Sequence[str], name: str) -> list[int]:
    """Return the positions of a column: an exact match, or else those equal but for case."""
    exact = [at for at, known in enumerate(header) if known == name]
    if exact:
        return exact
    wanted = _folded(name)
    return [at for at, known in enumerate(header) if _folded(known) == wanted]


def looks_like_data(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a header is a row: it names an image, or its cells look like those below."""
    if any(_FILE_NAME.search(name) for name in header):
        return True
    below = [row for row in rows[:_LOOKED_AT] if len(row) == len(header)]
    shapes = [shape_of(name) for name in header]
    return (
        bool(below)
        and any("9" in shape for shape in shapes)
        and all(
            shape == Counter(shape_of(row[at]) for row in below).most_common(1)[0][0]
            for at, shape in enumerate(shapes)
        )
    )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", clean(name)).casefold()
