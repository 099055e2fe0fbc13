"""Unites the rows of one image: boxes of a detection set, several raters, exact copies."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from medtui.datasets.findings import error, note, warning
from medtui.datasets.formats import RowRule
from medtui.datasets.index import some
from medtui.datasets.patient_ids import is_same_patient
from medtui.protocol.finding import Finding
from medtui.units import plural

MAX_CONTRADICTING = 0.1
"""A larger share of images with contradicting rows means that the rows are read in a wrong way."""


@dataclass(frozen=True)
class ImageRow:
    """A usable row of a table."""

    name: str
    """Image as spelled in the table."""
    labels: tuple[str, ...]
    """Labels that the row gives the image."""
    unknown: frozenset[str] = frozenset()
    """Classes of which the row says neither yes nor no."""
    patient: str = ""
    rater: str = ""
    """Who read the image; empty where unknown."""
    split: str = ""
    """Cell of the split column."""
    subgroups: tuple[str, ...] = ()
    """Values in the order of the table's subgroups."""


@dataclass
class RepeatedRows:
    """What became of the images with several rows."""

    rule: RowRule
    is_stated: bool
    """Whether the card names the rule; contradictions are then expected."""
    num_images: int = 0
    num_repeated: int = 0
    """Images with several rows."""
    num_rows: int = 0
    """Their rows after the first."""
    contradicting: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Labels, patient or split, to the images whose rows differ in it."""
    undecided: list[str] = field(default_factory=list)
    """Images without a label that most raters give, where a majority was asked for."""

    def unite(self, rows: Sequence[ImageRow]) -> ImageRow:
        """Return one row for the rows of an image."""
        first = rows[0]
        self.num_images += 1
        if len(rows) == 1:
            return first
        self.num_repeated += 1
        self.num_rows += len(rows) - 1
        self._note_contradictions(rows)
        match self.rule:
            case "first":
                labels, unknown = first.labels, first.unknown
            case "any":
                labels = tuple(dict.fromkeys(label for row in rows for label in row.labels))
                unknown = frozenset(label for row in rows for label in row.unknown) - {*labels}
            case "majority":
                labels, unknown = majority(rows)
                if any(row.labels for row in rows) and not labels:
                    self.undecided.append(first.name)
            case _:
                assert_never(self.rule)
        return ImageRow(
            first.name,
            labels,
            unknown,
            next((row.patient for row in rows if row.patient), ""),
            first.rater,
            next((row.split for row in rows if row.split), ""),
            first.subgroups,
        )

    def findings(self, file: str) -> list[Finding]:
        """Return which rows of `file` were united, and which contradict each other."""
        found = []
        if self.num_repeated:
            sentence = (
                f"{plural(self.num_rows, 'row')} of {file} repeated: "
                f"{plural(self.num_repeated, 'image')} have several rows, {_MEANING[self.rule]}"
            )
            found.append(note("repeated-rows", sentence))
        for what, names in self.contradicting.items():
            sentence = (
                f"{plural(len(names), 'image')} of {file} with rows that contradict each other "
                f"in the {what}; the first row is used: {some(names)}"
            )
            if len(names) <= MAX_CONTRADICTING * self.num_images:
                found.append(warning("contradicting-rows", sentence))
                continue
            found.append(error("contradicting-rows", f"{sentence}. {_CURES[what]}"))
        if self.undecided:
            sentence = (
                f"{plural(len(self.undecided), 'image')} of {file} without a label that more than "
                f"half of the raters give: {some(self.undecided)}"
            )
            found.append(note("undecided-images", sentence))
        return found

    def _note_contradictions(self, rows: Sequence[ImageRow]) -> None:
        first = rows[0]
        facts = {(frozenset(row.labels), row.unknown) for row in rows}
        if self.rule == "first" and not self.is_stated and len(facts) > 1:
            self.contradicting["labels"].append(first.name)
        known = [row.patient for row in rows if row.patient]
        if any(not is_same_patient(known[0], other) for other in known[1:]):
            self.contradicting["patient"].append(first.name)
        if len({row.split.casefold() for row in rows if row.split}) > 1:
            self.contradicting["split"].append(first.name)


_MEANING: dict[RowRule, str] = {
    "any": "whose labels are united",
    "first": "of which the first is used",
    "majority": "of which the labels of more than half of the raters are used",
}
_CURES = {
    "labels": 'If an image may have several labels, set task = "multi"; otherwise set table.rows',
    "patient": "Check table.patient_column",
    "split": "Check table.split_column",
}


def majority(rows: Sequence[ImageRow]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the labels that more than half of an image's raters give, and the unknown ones.

    A rater gives a label if any of their rows does; a row without a rater is a rater of its own.
    Raters to whom a label is unknown do not vote on it; it is unknown where none of them votes.
    """
    given = defaultdict[str, set[str]](set)
    doubted = defaultdict[str, set[str]](set)
    for number, row in enumerate(rows):
        rater = f"rater {row.rater}" if row.rater else f"row {number}"
        given[rater].update(row.labels)
        doubted[rater].update(row.unknown)
    votes = Counter(label for labels in given.values() for label in labels)
    abstained = Counter(
        label for rater, labels in doubted.items() for label in labels - given[rater]
    )
    num_voting = {label: len(given) - abstained[label] for label in {*votes, *abstained}}
    order = dict.fromkeys(label for row in rows for label in row.labels)
    labels = tuple(label for label in order if 2 * votes[label] > num_voting[label])
    return labels, frozenset(label for label, count in num_voting.items() if not count)
