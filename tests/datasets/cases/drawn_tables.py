"""Draws images and the tables that label them."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.datasets.cases.case import Picture, picture
from tests.helpers.drawn_images import draw

TWO = ("benign", "malignant")

CARD = """
schema = 1
name = "set"
format = "{format}"
channels = 1
size = 16
"""


def two_classes(
    count: int = 24, suffix: str = ".png", per_patient: int = 2
) -> list[tuple[str, str, str]]:
    """Return rows of image, label and patient: two classes in turn, some images a patient."""
    return [
        (f"img_{number:03d}{suffix}", TWO[number % 2], str(number // per_patient))
        for number in range(count)
    ]


def draw_images(folder: Path, names: Iterable[str]) -> None:
    """Draw a grey image for each name."""
    for seed, name in enumerate(names):
        draw(folder / name, seed=seed, mode="L")


def write_csv(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> Path:
    """Write a table as spreadsheets do, with CRLF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(csv_text(header, rows, delimiter).encode(encoding))
    return path


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Return the text of a table."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def answers(rows: Iterable[tuple[str, str, str]], folder: str = "images") -> dict[str, Picture]:
    """Return the right answers of rows of image, label and patient."""
    return {f"{folder}/{name}": picture(label, patient) for name, label, patient in rows}


HEADER = ("image", "label", "patient_id")
