"""Rows that a quote swallows, that a line break cuts, and that have too many cells."""

import csv
import io
import random
from pathlib import Path

import pytest

from medtui.datasets.tables.table import TableText, read_table
from medtui.errors import MedtuiError, UsageError

REPORT = "PA view.\nThe heart is enlarged, no effusion, no pneumothorax.\n\nImpression:\n" * 10


def films(count: int = 60, note: str = "") -> list[list[str]]:
    """Return a header and rows with a free text in the last column."""
    rows = [["image", "label", "patient_id", "note"]]
    rows += [
        [f"img_{number:03d}.png", ("benign", "malignant")[number % 2], str(number // 2), note]
        for number in range(count)
    ]
    return rows


def read(folder: Path, rows: list[list[str]], **options: object) -> TableText:
    """Return rows that are written by the csv module and read again."""
    text = io.StringIO(newline="")
    csv.writer(text, **options).writerows(rows)
    return read_text(folder, text.getvalue())


def read_text(folder: Path, text: str) -> TableText:
    """Return the table of a text."""
    path = folder / "labels.csv"
    path.write_bytes(text.encode())
    return read_table(path)


def lines(rows: list[list[str]]) -> list[str]:
    """Return rows as text without any quotes."""
    return [",".join(row) for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "note",
    [
        REPORT,
        "one\ntwo",
        'a "quoted" word',
        '"',
        "\n",
        "a,b;c\td|e",
        "\x85 \u2028 \u2029 \x0b \x0c \x1c \x1d \x1e",
        "x" * 140_000,
    ],
)
def test_any_cell_in_proper_quotes_is_read(tmp_path: Path, delimiter: str, note: str) -> None:
    """Reports of many lines, quotes, delimiters, odd blanks and long cells come back unchanged."""
    count = 4 if len(note) > 1000 else 40
    rows = films(count)
    for row in rows[1::2]:
        row[3] = note
    table = read(tmp_path, rows, delimiter=delimiter)
    assert table.delimiter == delimiter
    assert [[*row[:3], row[3].strip()] for row in table.rows] == [
        [*row[:3], row[3].strip()] for row in rows[1:]
    ]
    assert not table.findings


@pytest.mark.parametrize("place", ["first", "inner", "last"])
def test_a_report_in_any_column_is_read(tmp_path: Path, place: str) -> None:
    """A text of 40 lines is no swallowed row, wherever its column is."""
    rows = films()
    order = {"first": [3, 0, 1, 2], "inner": [0, 3, 1, 2], "last": [0, 1, 2, 3]}[place]
    for row in rows[1:]:
        row[3] = REPORT
    rows = [[row[at] for at in order] for row in rows]
    assert [row[order.index(0)] for row in read(tmp_path, rows).rows] == [
        row[order.index(0)] for row in rows[1:]
    ]


STRAY = [
    ('"5 inch film, left', '"seen twice'),
    ('"5 inch film', 'seen by Miller"'),
    ('"5 inch film', '"'),
    ('"5 inch film', 'film of 6"'),
    ('"5 inch film', "no second quote"),
]


@pytest.mark.parametrize(("first", "last"), STRAY)
def test_stray_quotes_swallow_no_row(tmp_path: Path, first: str, last: str) -> None:
    """Where every line has as many cells as the header, lines are rows; the quotes are named."""
    rows = films()
    rows[11][3], rows[41][3] = first, last
    table = read_text(tmp_path, "\n".join(lines(rows)))
    assert [row[:3] for row in table.rows] == [row[:3] for row in rows[1:]]
    assert list(table.lines) == list(range(2, 62))
    (finding,) = table.findings
    assert (finding.name, finding.rank) == ("stray-quotes", "warning")
    assert " 12" in finding.sentence


@pytest.mark.parametrize(("first", "last"), STRAY)
def test_stray_quotes_among_other_widths_are_refused(tmp_path: Path, first: str, last: str) -> None:
    """Where lines have different numbers of cells, the line of the quote is named."""
    rows = films()
    rows[11][3], rows[41][3], rows[20][3] = first, last, "left, right"
    with pytest.raises(UsageError, match=r"labels.csv:12: a quoted cell begins here") as caught:
        read_text(tmp_path, "\n".join(lines(rows)))
    assert "Delete the quote" in caught.value.hint


def test_two_adjacent_rows_that_a_quote_joins_are_read(tmp_path: Path) -> None:
    """One swallowed row is noticed, and with a report of several lines elsewhere refused."""
    rows = films()
    rows[11][3], rows[12][3] = '"5 inch film', 'seen"'
    text = "\n".join(lines(rows))
    assert len(read_text(tmp_path, text).rows) == 60
    with pytest.raises(UsageError, match=r"labels.csv:12: "):
        read_text(tmp_path, text + '\nimg_900.png,benign,1,"a report\nof two lines"')


def test_rows_without_numbers_that_a_quote_swallows_are_noticed(tmp_path: Path) -> None:
    """Without a column of numbers, lines that all have the right number of cells are rows."""
    names = ["ann", "ben", "cid", "dan", "eva", "fay", "gus", "hal"]
    text = "image,label,note\n" + "".join(f"{name},benign,\n" for name in names)
    text = text.replace("ben,benign,", 'ben,benign,"x').replace("gus,benign,", 'gus,benign,y"')
    assert [row[0] for row in read_text(tmp_path, text).rows] == names
    with pytest.raises(UsageError, match=r"labels.csv:3: "):
        read_text(tmp_path, text + "ida,benign,a,b\n")


@pytest.mark.parametrize("note", ['5" film', '"seen" twice', 'a "b" c', '"a" "b"', '"open'])
def test_quotes_within_one_line_are_harmless(tmp_path: Path, note: str) -> None:
    """A stray quote that ends with its line costs no row."""
    rows = films()
    rows[-1][3] = note
    table = read_text(tmp_path, "\n".join(lines(rows)))
    assert [row[:3] for row in table.rows] == [row[:3] for row in rows[1:]]


def test_rows_with_too_many_cells_are_left_out(tmp_path: Path) -> None:
    """A comma without quotes moves all cells behind it: the row is left out, with its line."""
    rows = films()
    rows[5][1] = "COVID-19, ARDS"
    table = read_text(tmp_path, "\n".join(lines(rows)))
    assert len(table.rows) == 59
    (finding,) = table.findings
    assert (finding.name, finding.rank) == ("ragged-rows", "warning")
    assert finding.sentence.endswith("line 6")
    for row in rows[8:20]:
        row[1] = "COVID-19, ARDS"
    (finding,) = read_text(tmp_path, "\n".join(lines(rows))).findings
    assert (finding.name, finding.rank) == ("ragged-rows", "error")
    assert "13 rows" in finding.sentence
    for row in rows[1:40]:
        row[1] = "COVID-19, ARDS"
    with pytest.raises(UsageError, match=r"labels.csv:2: 39 rows of 60 have more cells"):
        read_text(tmp_path, "\n".join(lines(rows)))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_row_that_is_cut_is_left_out(tmp_path: Path, end: str) -> None:
    """A line break in a cell without quotes cuts a row in two, and neither half is used."""
    rows = films()
    rows[7][1] = f"mali{end}gnant"
    table = read_text(tmp_path, "\r\n".join(lines(rows)))
    assert len(table.rows) == 59
    (finding,) = table.findings
    assert finding.name == "ragged-rows"
    assert finding.sentence.endswith("lines 8, 9")


def test_short_rows_are_named(tmp_path: Path) -> None:
    """A row without its last cells is kept for the columns that it has, and named."""
    rows = films()
    del rows[9][3:]
    table = read_text(tmp_path, "\n".join(lines(rows)))
    assert len(table.rows) == 60
    assert table.values(3)[8] == ""
    (finding,) = table.findings
    assert finding.name == "short-rows"
    assert finding.sentence.endswith("line 10")


def test_lines_above_the_header_are_refused(tmp_path: Path) -> None:
    """A title above the header is no header."""
    text = "\n".join(["Export of hospital A", "", *lines(films())])
    with pytest.raises(UsageError, match=r"labels.csv:3: 61 rows of 61") as caught:
        read_text(tmp_path, text)
    assert "lines above the header" in caught.value.hint


PIECES = [b",", b";", b"\t", b"|", b'"', b'""', b"\n", b"\r", b"\r\n", b"\0", b"\x85", b"\xff"]
PIECES += [
    b"#",
    b"sep=",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x1f\x8b",
    b"img_001.png",
    b" ",
    b"[",
    b"'",
]


@pytest.mark.parametrize("seed", range(20))
def test_mutated_bytes_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    """No mutation of a table ends in anything but a table or an error with its path."""
    chance = random.Random(seed)
    rows = films(20, note='a "report"\nof two lines' if seed % 2 else "text")
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=chance.choice(",;\t|")).writerows(rows)
    whole = text.getvalue().encode(chance.choice(["utf-8", "utf-16", "cp1252"]))
    path = tmp_path / "labels.csv"
    for _ in range(50):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(raw))
            match chance.randrange(4):
                case 0:
                    raw[at] = chance.randrange(256)
                case 1:
                    del raw[at : at + chance.randrange(30)]
                case 2:
                    raw[at:at] = chance.choice(PIECES)
                case _:
                    raw = raw[at:] + raw[:at]
            raw = raw or bytearray(b"x")
        path.write_bytes(raw)
        table = read_or_refuse(path)
        if table is not None:
            assert len(table.rows) == len(table.lines)
            assert all(0 < len(row) <= len(table.header) for row in table.rows)


def read_or_refuse(path: Path) -> TableText | None:
    """Return a table; None where it is refused with its path."""
    try:
        return read_table(path)
    except MedtuiError as error:
        if "labels.csv" in error.message:
            return None
        raise
