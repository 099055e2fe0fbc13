"""CSV that a spreadsheet does not compute."""

import csv
import io

import pytest

from medtui.csv_text import csv_text


@pytest.mark.parametrize(
    "cell", ["=cmd|' /C calc'!A8", "=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1"]
)
def test_a_formula_becomes_text(cell: str) -> None:
    """An apostrophe stands in front, and the rest is kept."""
    assert next(csv.reader(io.StringIO(csv_text([[cell]]), newline=""))) == [f"'{cell}"]


@pytest.mark.parametrize("cell", [-0.5, "-0.5", "+1e-3", "-inf", "plain", "a, b", ""])
def test_numbers_and_words_stay(cell: object) -> None:
    """A negative number is no formula, also where it is written as text."""
    assert list(csv.reader(io.StringIO(csv_text([["x", cell]])))) == [["x", str(cell)]]


def test_a_carriage_return_ends_no_row() -> None:
    """A file name may hold one."""
    assert list(csv.reader(io.StringIO(csv_text([["a\r=1", "b"]])))) == [["a =1", "b"]]
