"""Tables as spreadsheets, archives and slips of the pen leave them."""

import gzip
from pathlib import Path

from tests.datasets.cases.case import Case
from tests.datasets.cases.drawn_tables import (
    HEADER,
    TWO,
    answers,
    csv_text,
    draw_images,
    two_classes,
    write_csv,
)

ROWS = two_classes()


def _case(root: Path) -> Case:
    draw_images(root / "images", (row[0] for row in ROWS))
    return Case(root, answers(ROWS), TWO)


def byte_order_mark(root: Path) -> Case:
    """Excel's "CSV UTF-8"."""
    write_csv(root / "labels.csv", HEADER, ROWS, encoding="utf-8-sig")
    return _case(root)


def semicolons(root: Path) -> Case:
    """Excel where the comma is the decimal mark."""
    write_csv(root / "labels.csv", HEADER, ROWS, delimiter=";", encoding="utf-8-sig")
    return _case(root)


def separator_line(root: Path) -> Case:
    """A first line that names the separator to Excel."""
    text = "sep=;\r\n" + csv_text(HEADER, ROWS, ";")
    (root / "labels.csv").write_text(text, encoding="utf-8", newline="")
    return _case(root)


def utf_16(root: Path) -> Case:
    """Excel's "Unicode text": tabs and UTF-16."""
    write_csv(root / "labels.csv", HEADER, ROWS, delimiter="\t", encoding="utf-16")
    return _case(root)


def tab_separated(root: Path) -> Case:
    """A table with tabs and their usual suffix."""
    write_csv(root / "labels.tsv", HEADER, ROWS, delimiter="\t")
    return _case(root)


def compressed(root: Path) -> Case:
    """A table as MIMIC ships it."""
    with gzip.open(root / "labels.csv.gz", "wt", encoding="utf-8", newline="") as file:
        file.write(csv_text(HEADER, ROWS))
    return _case(root)


def upper_case(root: Path) -> Case:
    """A table from a system that shouts."""
    write_csv(root / "LABELS.CSV", HEADER, ROWS)
    return _case(root)


def huge_cell(root: Path) -> Case:
    """A mask as a run-length code of 140,000 characters in one cell."""
    header = ("image", "label", "patient_id", "mask_rle")
    rows = [(*row, "1 " * 70_000 if at == 3 else "1 5 9 2") for at, row in enumerate(ROWS)]
    write_csv(root / "labels.csv", header, rows)
    return _case(root)


def stray_quotes(root: Path) -> Case:
    """Inch marks that open a quoted cell which nothing closes."""
    lines = ["image,label,patient_id,note"]
    for at, row in enumerate(ROWS):
        note = {4: '"5 inch film, left', 15: '"seen twice'}.get(at, "")
        lines.append(",".join((*row, note)))
    (root / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return _case(root)


def next_line_character(root: Path) -> Case:
    """U+0085 inside a report: an ellipsis of Windows-1252 that was decoded as Latin-1."""
    header = ("image", "report", "label", "patient_id")
    rows = [
        (row[0], "shadow\x85 left" if at % 5 == 0 else "clear", *row[1:])
        for at, row in enumerate(ROWS)
    ]
    write_csv(root / "labels.csv", header, rows)
    return _case(root)


def empty(root: Path) -> Case:
    """A table of zero bytes."""
    (root / "labels.csv").touch()
    draw_images(root / "images", (row[0] for row in ROWS))
    return Case(root, refusal=r"labels\.csv.*(empty|no rows|no columns)")


CASES = (
    byte_order_mark,
    semicolons,
    separator_line,
    utf_16,
    tab_separated,
    compressed,
    upper_case,
    huge_cell,
    stray_quotes,
    next_line_character,
    empty,
)
