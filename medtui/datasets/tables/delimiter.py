"""Finds the delimiter of a table by the number of cells that its rows have under each.

`csv.Sniffer` is not used: it takes letters for delimiters and judges by single characters.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from medtui.datasets.tables.text import MAX_BYTES, lines_of

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ("\t", ";", ",", "|")
"""Delimiters by preference where several fit equally. `|` is last: it often joins labels."""
_SAMPLE_LINES = 200
"""Number of lines that decide."""
_NO_TABLE = (False, 0.0, 0)
"""Score of a delimiter that divides nothing."""
_SEP_LINE = re.compile(r'^"?sep=(.)"?[\s,;|]*$', re.IGNORECASE)
"""First line by which Excel is told the delimiter."""


def delimiter_of_sep_line(line: str) -> str:
    """Return the delimiter that a line `sep=;` names; empty where the line is another."""
    found = _SEP_LINE.match(line.rstrip("\r\n"))
    return found[1] if found else ""


def find_delimiter(text: str) -> str:
    """Return the delimiter of a table; a comma where the table has one column.

    The rows of a table have equally many cells, and the first row is as long as the others: under
    the wrong delimiter they rarely are. R writes a first row that lacks the column of row names.
    """
    sample = list(islice(lines_of(text), _SAMPLE_LINES))
    scores = {delimiter: _score(sample, delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=scores.__getitem__)
    if scores[best] > _NO_TABLE:
        return best
    fits, share, _ = _score(sample, " ")
    return " " if fits and share == 1 else ","


def cells_of(lines: Iterable[str], delimiter: str, *, is_strict: bool = False) -> "Reader":
    """Return a reader of the rows of a table; a cell may be as long as the file.

    The module's limit of 131,072 characters is one for the process: raising it again does no harm,
    and lowering it afterwards would disturb another thread.
    """
    if csv.field_size_limit() < MAX_BYTES:
        csv.field_size_limit(MAX_BYTES)
    return csv.reader(
        lines, delimiter=delimiter, skipinitialspace=delimiter != " ", strict=is_strict
    )


def _score(sample: list[str], delimiter: str) -> tuple[bool, float, int]:
    """Return if the first row fits, the share of rows of the most frequent width, the width."""
    rows = [row for row in cells_of(sample, delimiter) if row]
    if len(rows) > 1 and len(sample) == _SAMPLE_LINES:
        rows.pop()  # the sample may end inside a quoted cell
    if not rows:
        return _NO_TABLE
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if width == 1:
        return _NO_TABLE
    # Names with blanks in a list of one column are no two columns; R quotes its header.
    has_row_names = delimiter != " " or sample[0].startswith('"')
    fits = _is_header(rows[0], width, has_row_names)
    return (fits, (count + (fits and len(rows[0]) != width)) / len(rows), width)


def _is_header(first: list[str], width: int, has_row_names: bool) -> bool:
    if len(first) == width:
        return True
    named = len(first) - next((n for n, cell in enumerate(reversed(first)) if cell), len(first))
    return named > 1 and (named == width or (named == width - 1 and has_row_names))
