"""Generates a card for a folder of images or an npz file, to be edited by the user."""

import csv
import json
from collections import Counter
from itertools import islice
from pathlib import Path

from PIL import Image

from medtui.datasets.file_scan import Scan, scan
from medtui.datasets.index import some
from medtui.datasets.tables.text import read_lines
from medtui.errors import UsageError
from medtui.resources import data_dir

_LOOKED_AT = 50
"""Number of images whose mode and size are read."""
_SIZES = (28, 32, 64, 96, 128, 224)
"""Candidate sides: the largest that does not exceed the median image is used, at most 64."""
_NAME_WORDS = ("image", "file", "name", "path", "id")
_LABEL_WORDS = ("label", "finding", "diagnosis", "class", "target", "dx")
_PATIENT_WORDS = ("patient", "subject", "case")


def sketch_card(folder: Path, name: str) -> str:
    """Return the text of a card for a folder of images, or for an npz file.

    Raises:
        UsageError: there is no data set at this path.
        EnvironmentProblem: the folder cannot be read.
    """
    if folder.is_file():
        if folder.suffix != ".npz":
            raise UsageError(f"{folder} is neither a folder nor an npz file.")
        return _fill("medmnist", {"name": name, "file": folder.name})
    found = scan(folder)
    tables = sorted(path for path in folder.glob("*.csv") if path.is_file())
    if not found.files:
        raise UsageError(
            f"{folder}: no image files found.",
            hint="Accepted: .png, .jpg, .bmp, .tif, .gif, .webp.",
        )
    facts = {"name": name, **_look(folder, found)}
    if tables:
        return _fill("table", facts | _table_facts(tables[0]))
    classes = sorted({path.split("/")[-2] for path in found.files if "/" in path})
    if len(classes) < 2:  # noqa: PLR2004 - fewer make no classifier
        raise UsageError(
            f"{folder}: no CSV table, and fewer than two class folders "
            f"({some(classes) or 'none'}).",
            hint="Put the images of each class into a folder named after the class.",
        )
    return _fill("folders", facts | {"classes": classes})


def _fill(template: str, facts: dict[str, object]) -> str:
    """Replace the values of a template's keys; its comments are kept."""
    text = (data_dir() / template / "card.toml").read_text("utf-8")
    lines = ["# Written by `medtui data new`: check every line.", *text.splitlines()]
    lines = [lines[0], *lines[1 + _length_of_head(lines[1:]) :]]
    for key, value in facts.items():
        shown = json.dumps(value, ensure_ascii=False)
        at = next((at for at, line in enumerate(lines) if line.partition(" =")[0] == key), None)
        if at is None:
            lines.insert(4, f"{key} = {shown}")
        else:
            _, hash_, comment = lines[at].partition("  #")
            lines[at] = f"{key} = {shown}{hash_}{comment}"
    return "\n".join(lines) + "\n"


def _length_of_head(lines: list[str]) -> int:
    return next(at for at, line in enumerate(lines) if not line.startswith("#"))


def _look(folder: Path, found: Scan) -> dict[str, object]:
    """Return channels and size according to the headers of some images."""
    modes: Counter[str] = Counter()
    sides = []
    step = max(1, len(found.files) // _LOOKED_AT)
    for path in islice(found.files, 0, None, step):
        try:
            with Image.open(folder / path) as image:
                modes[image.mode] += 1
                sides.append(min(image.size))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
    is_grey = bool(modes) and all(mode in {"1", "L", "LA", "I", "I;16", "I;16B"} for mode in modes)
    typical = sorted(sides)[len(sides) // 2] if sides else 64
    size = max((each for each in _SIZES if each <= min(typical, 64)), default=_SIZES[0])
    return {"channels": 1 if is_grey else 3, "size": size}


def _table_facts(path: Path) -> dict[str, object]:
    """Guess the columns by their names; the image column defaults to the first."""
    lines, _ = read_lines(path)
    header = next(csv.reader(lines[:1]), [])
    rows = list(csv.reader(lines[1:200]))
    label = _column(header, _LABEL_WORDS)
    at = header.index(label) if label else -1
    is_joined = any("|" in row[at] for row in rows if label and len(row) > at)
    return {
        "file": [path.name],
        "name_column": _column(header, _NAME_WORDS) or (header[0] if header else ""),
        "label_column": label,
        "patient_column": _column(header, _PATIENT_WORDS),
        "task": "multi" if is_joined else "single",
    }


def _column(header: list[str], words: tuple[str, ...]) -> str:
    for word in words:
        for column in header:
            if word in column.casefold():
                return column.strip()
    return ""
