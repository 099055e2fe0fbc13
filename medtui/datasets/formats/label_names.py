"""Turns the labels of a table into class names: aliases, spellings, missing values, order."""

import re
from collections import Counter
from collections.abc import Iterable

from medtui.datasets.card import Card
from medtui.datasets.class_names import spelling_findings, spelling_key
from medtui.datasets.findings import error, note, warning
from medtui.datasets.index import some
from medtui.datasets.missing_values import ORDINARY_WORDS, is_missing
from medtui.protocol.finding import Finding
from medtui.units import plural

_NUMBER = re.compile(r"-?\d+(\.0+)?", re.ASCII)


class LabelNames:
    """Reads labels by a card's names, and counts what was not spelled like one of them."""

    def __init__(self, card: Card) -> None:
        none_label = card.table.none_label if card.table else ""
        self._is_closed = bool(card.classes)
        self._aliases = card.aliases
        self._named = {*card.classes, *card.aliases, *card.aliases.values(), none_label} - {""}
        self._by_key = _unique_keys((*card.classes, none_label))
        self._respelled = Counter[tuple[str, str]]()
        self._missing = Counter[str]()
        self._found = Counter[str]()

    def read(self, labels: Iterable[str]) -> list[str] | None:
        """Return the classes that `labels` name, each once; None where all are missing values."""
        found = dict[str, None]()
        num_missing = 0
        for label in labels:
            if label in self._named:
                name = self._aliases.get(label, label)
            elif (spelled := self._by_key.get(spelling_key(label))) is not None:
                name = spelled
                self._respelled[label, spelled] += 1
            elif is_missing(label):
                self._missing[label] += 1
                num_missing += 1
                continue
            else:
                name = label
            self._found[name] += 1
            found[name] = None
        return None if num_missing and not found else list(found)

    def findings(self, file: str) -> list[Finding]:
        """Return what the labels of `file` were read as, and names that look alike."""
        found = []
        if self._respelled:
            shown = [
                f"`{label}` as `{name}` ({count:,})"
                for (label, name), count in sorted(self._respelled.items())
            ]
            found.append(note("labels-respelled", f"labels of {file} read {some(shown)}"))
        if self._missing:
            found.append(self._missing_finding(file))
        names = {
            name: count
            for name, count in self._found.items()
            if not self._is_closed or name in self._named
        }
        return [*found, *spelling_findings(names, names)]

    def _missing_finding(self, file: str) -> Finding:
        """Return a warning; an error where a word may be a class, and the card names none."""
        shown = [f"`{word}` ({count:,})" for word, count in sorted(self._missing.items())]
        total = plural(self._missing.total(), "label")
        sentence = f"{total} of {file} read as missing: {some(shown)}"
        words = {word.strip().casefold() for word in self._missing}
        if self._is_closed or words.isdisjoint(ORDINARY_WORDS):
            return warning("missing-labels", sentence)
        cure = "If such a word is a class, list it in `classes` or as table.none_label"
        return error("missing-labels", f"{sentence}. {cure}; otherwise list `classes` without it")


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return class names sorted; whole numbers by their value."""
    found = sorted(names)
    if all(_NUMBER.fullmatch(name) for name in found):
        found.sort(key=float)
    return tuple(found)


def _unique_keys(names: Iterable[str]) -> dict[str, str]:
    """Return the name of each spelling key that belongs to one name alone."""
    named = {name for name in names if name}
    keys = Counter(map(spelling_key, named))
    return {key: name for name in named if keys[key := spelling_key(name)] == 1}
