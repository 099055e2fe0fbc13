"""Divides the cell of a table that holds several labels: joined, or a list written as text."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_BRACKETS = {"[": "]", "{": "}", "(": ")"}
_ITEM = re.compile(
    r"""(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<bare>[^\s,;'"\[\]{}][^,;\[\]{}]*)""",
    re.DOTALL,
)
_BETWEEN = re.compile(r"\s*(?P<mark>[,;]?)\s*")
_ESCAPE = re.compile(r"\\(['\"\\])")
_NOTHING = frozenset({"nan", "none", "null", "na", "n/a"})
"""Unquoted items of a list that stand for no label."""
_SEPARATORS = ("|", ";", ",", "/", "+", "&")
"""What else may join labels, in the order in which it is suggested."""


@dataclass(frozen=True)
class OtherSeparator:
    """Labels that seem to be joined by something else than the card's separator."""

    separator: str
    """What seems to join them."""
    example: str
    """One such label."""
    num_cells: int
    """Number of cells that hold it."""


def split_labels(cell: str, separator: str) -> list[str] | None:
    """Return the labels of a cell, without outer blanks and empty ones.

    `['a', 'b']`, `["a"]`, `[]`, `[a, b]`, `{'a', 'b'}`, `('a',)` and numpy's `['a' 'b']` are lists;
    `pandas.to_csv` writes a column of lists so. In round brackets labels must be quoted, since
    `(a)` may be a name. Any other cell is divided at `separator`.

    None where the cell begins as a list and does not end as one: it was cut.
    """
    text = cell.strip()
    close = _BRACKETS.get(text[:1])
    if close is None:
        return _joined(text, separator)
    has_quotes = text[1:].lstrip()[:1] in {"'", '"'}
    if has_quotes or (text.endswith(close) and (text[0] != "(" or text == "()")):
        items = _items(text[1:-1]) if text.endswith(close) else None
        if items is not None or has_quotes:
            return items
    return None if text[0] == "[" and "]" not in text else _joined(text, separator)


def find_other_separator(
    found: Iterable[str], separator: str, classes: Collection[str] = ()
) -> OtherSeparator | None:
    """Return what seems to join labels that were divided at `separator`; None if nothing does.

    `COVID-19, ARDS` counts as two labels only where both also occur alone or in another
    combination; `Nevus, benign` may be the name of a class, and is one where `classes` has it.
    """
    labels = Counter(found)
    for other in _SEPARATORS:
        if other == separator:
            continue
        joined = {
            label: _joined(label, other)
            for label in labels
            if other in label and label not in classes
        }
        seen = Counter(part for parts in joined.values() for part in set(parts))
        seen.update(label for label in labels if label not in joined)
        suspects = [
            label
            for label, parts in joined.items()
            if len(parts) > 1 and all(seen[part] > 1 or part in labels for part in parts)
        ]
        if suspects:
            return OtherSeparator(other, suspects[0], sum(labels[each] for each in suspects))
    return None


def _joined(text: str, separator: str) -> list[str]:
    return [label for each in text.split(separator) if (label := each.strip())]


def _items(text: str) -> list[str] | None:
    """Return the items of a list without its brackets; None where it is none."""
    items, at, has_mark = list[str](), _end_of_blanks(text, 0), True
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None or (item["bare"] and not has_mark):
            return None
        if item["quoted"]:
            items.append(_ESCAPE.sub(r"\1", item["quoted"][1:-1]).strip())
        elif item["bare"].strip().casefold() not in _NOTHING:
            items.append(item["bare"].strip())
        between = _BETWEEN.match(text, item.end())
        assert between is not None, "the pattern matches nothing too"
        if not between[0] and between.end() < len(text):
            return None
        at, has_mark = between.end(), bool(between["mark"])
    return [item for item in items if item]


def _end_of_blanks(text: str, at: int) -> int:
    return len(text) - len(text[at:].lstrip())
