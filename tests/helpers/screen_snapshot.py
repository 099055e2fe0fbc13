"""Screens as text: their characters, and below them the style of every span that has one.

A snapshot is compared with a file in `tests/tui/snapshots`; `pytest --update-snapshots` rewrites
the files, and the change is reviewed like any other. A line below the rule reads

    LINE COLUMN-COLUMN:foreground/background/attributes ...

with columns from 0, the last excluded. `-` is the screen's own colour, which is otherwise left
out; attributes are b(old), d(im), i(talic), u(nderlined), r(eversed), s(truck out). Of a blank
cell only what can be seen is recorded.
"""

import difflib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

RULE = "--- styles"

MAX_DIFF_LINES = 60
"""A longer difference is cut: the beginning shows what changed."""

_ATTRIBUTES = (
    ("bold", "b"), ("dim", "d"), ("italic", "i"), ("underline", "u"), ("reverse", "r"),
    ("strike", "s"),
)  # fmt: skip
_VISIBLE_ON_BLANKS = "urs"


class Look(NamedTuple):
    """How one cell is drawn."""

    foreground: str
    background: str
    attributes: str

    def __str__(self) -> str:
        """Return `foreground/background/attributes` without what is empty at the end."""
        return f"{self.foreground}/{self.background}/{self.attributes}".rstrip("/-") or "-"


_HOW_TO_UPDATE = (
    "Where the change is meant: pytest tests/tui/test_snapshots.py --update-snapshots, and review"
    " the difference in git."
)

PLAIN = Look("-", "-", "")


def describe(strips: Iterable[Strip], own: Style) -> str:
    """Return a snapshot of strips on a screen whose own colours are `own`."""
    strips = list(strips)
    lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    styles = [
        f"{number:>2} {' '.join(spans)}"
        for number, strip in enumerate(strips)
        if (spans := _spans(strip, own))
    ]
    return "\n".join([*lines, RULE, *styles]) + "\n"


def _spans(strip: Strip, own: Style) -> list[str]:
    spans, column = [], 0
    for look, group in groupby(_joined_blanks([*_cells(strip, own)])):
        length = len(list(group))
        if look != PLAIN:
            spans.append(f"{column}-{column + length}:{look}")
        column += length
    return spans


def _cells(strip: Strip, own: Style) -> Iterable[tuple[bool, Look]]:
    """Yield for each cell whether it is blank, and its look."""
    for segment in strip:
        style = segment.style or Style.null()
        look = Look(
            _name(style.color, own.color),
            _name(style.bgcolor, own.bgcolor),
            "".join(letter for name, letter in _ATTRIBUTES if getattr(style, name)),
        )
        seen = "".join(each for each in look.attributes if each in _VISIBLE_ON_BLANKS)
        blank = Look(look.foreground if seen else "-", look.background, seen)
        for character in segment.text:
            is_blank = character.isspace()
            yield is_blank, blank if is_blank else look
        for _ in range(segment.cell_length - len(segment.text)):  # wide characters take two
            yield False, look


def _joined_blanks(cells: list[tuple[bool, Look]]) -> list[Look]:
    """Return the looks; blanks between two equal ones look like these where it makes no change."""
    looks = [look for _, look in cells]
    at = 0
    for is_blank, group in groupby(cells, key=lambda cell: cell[0]):
        end = at + len(list(group))
        if is_blank and at > 0 and end < len(cells) and looks[at - 1] == looks[end]:
            around = looks[end]
            inside = set(looks[at:end])
            if inside == {Look("-", around.background, "")} and around.attributes in {"", "b", "d"}:
                looks[at:end] = [around] * (end - at)
        at = end
    return looks


def _name(color: Color | None, own: Color | None) -> str:
    if color is None or color == own or color.is_default:
        return "-"
    return color.get_truecolor().hex


class Snapshots:
    """Compares snapshots with their files, or rewrites these; reports all differences at once."""

    def __init__(self, folder: Path, *, is_updating: bool) -> None:
        self._folder = folder
        self._is_updating = is_updating
        self._differences: list[str] = []

    def check(self, name: str, text: str) -> None:
        """Compare one snapshot with `NAME.txt`."""
        path = self._folder / f"{name}.txt"
        known = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text == known:
            return
        if self._is_updating:
            path.write_text(text, encoding="utf-8")
        elif not known:
            self._differences.append(f"{path} does not exist.")
        else:
            self._differences.append(_difference(known, text, path.name))

    def report(self) -> None:
        """Fail where anything differed."""
        if self._differences:
            pytest.fail(
                "\n\n".join([
                    *self._differences,
                    _HOW_TO_UPDATE,
                ]),
                pytrace=False,
            )  # fmt: skip


def _difference(known: str, text: str, name: str) -> str:
    lines = list(difflib.unified_diff(
        known.splitlines(), text.splitlines(), f"{name} as recorded", f"{name} now", "", "", 1, ""
    ))  # fmt: skip
    if len(lines) > MAX_DIFF_LINES:
        lines[MAX_DIFF_LINES:] = [f"... {len(lines) - MAX_DIFF_LINES} more lines"]
    return "\n".join(lines)
