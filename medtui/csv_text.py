"""Comma-separated values that a spreadsheet takes as text and numbers only; for any module.

Names of classes, patients and files come from anyone. A spreadsheet would compute a cell that
begins like a formula; an apostrophe in front makes it text, as OWASP's "CSV Injection" describes.
"""

import csv
import io
from collections.abc import Iterable

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as comma-separated values, a line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    """Return a cell that is no formula; numbers, also those written as text, stay as they are."""
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\r", " ")  # the writer would leave it unquoted, and readers end the row
    if not cell.startswith(_BEGINS_FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
