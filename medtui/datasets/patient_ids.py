"""Patients of images: from a column or by a pattern, the same person under one name.

Images of one patient must share a split. Two spellings of a patient would let a person leak into
two splits; one spelling of many would force them all into one.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.findings import Findings, error, note, warning
from medtui.datasets.index import ImageIndex, some
from medtui.datasets.missing_values import is_missing
from medtui.protocol.finding import Finding
from medtui.units import format_percent, plural

_NUMBER = re.compile(r"\d+(?:[.,]0+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?e\+\d+", re.IGNORECASE | re.ASCII)

MAX_SHARE = 0.5
"""A patient with a larger share of all images, or of a class, makes results of one person."""

NOTABLE_SHARE = 0.1
"""A patient with a larger share of the images is worth a note."""

MIN_CLASS_IMAGES = 10
"""Number of images below which a class is too small to speak of a patient's share of it."""


def patients_by_column(
    cells: Sequence[str], names: Sequence[str]
) -> tuple[list[str] | None, Findings]:
    """Return each image's patient according to a column; None where it names none.

    An image without a patient is its own patient and is counted in a finding.
    """
    known = ["" if is_missing(cell) else _tidy(cell) for cell in cells]
    if not any(known):
        return None, ()
    patients = _united(known, _number_key)
    empty = [name for name, patient in zip(names, patients, strict=True) if not patient]
    found = _scientific_findings(patients)
    if empty:
        sentence = (
            f"{plural(len(empty), 'image')} without a patient, "
            f"each treated as a separate patient: {some(empty)}"
        )
        found.append(warning("images-without-patient", sentence))
    separate = [patient or name for name, patient in zip(names, patients, strict=True)]
    return separate, tuple(found)


def patients_by_pattern(
    pattern: str, names: Sequence[str], *others: Sequence[str]
) -> tuple[list[str] | None, Findings]:
    """Return each image's patient according to its file name, folders or path.

    The pattern is searched in the file name, then in the folders from the innermost outward, then
    in the whole relative path. A name that does not match is its own patient and is counted in a
    finding. `others` are further paths of the same images, searched in turn.
    """
    if not pattern:
        return None, ()
    compiled = re.compile(unicodedata.normalize("NFC", pattern))
    found = [
        next(filter(None, (_search(compiled, path) for path in dict.fromkeys(paths))), "")
        for paths in zip(names, *others, strict=True)
    ]
    patients = _united(found, str.casefold)
    misfits = [name for name, patient in zip(names, patients, strict=True) if not patient]
    if len(misfits) == len(names):
        sentence = f"the card's patient pattern {pattern!r} matches no file name and no folder"
        return None, (warning("no-patient-matches", sentence),)
    separate = [patient or name for name, patient in zip(names, patients, strict=True)]
    if not misfits:
        return separate, ()
    sentence = (
        f"the patient pattern does not match {plural(len(misfits), 'name')}, "
        f"each treated as a separate patient: {some(misfits)}"
    )
    return separate, (warning("images-without-patient", sentence),)


def is_same_patient(first: str, second: str) -> bool:
    """Return whether two cells name the same patient; a missing one contradicts no other."""
    if is_missing(first) or is_missing(second):
        return True
    return _number_key(_tidy(first)) == _number_key(_tidy(second))


def share_findings(index: ImageIndex) -> list[Finding]:
    """Return findings on patients that hold much of the whole set, or of a class."""
    if index.patients is None or not len(index):
        return []
    counts = Counter(index.patients)
    patient, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    held = [f"patient {patient} holds {count:,} of all {len(index):,} images"]
    held = held if count > MAX_SHARE * len(index) else _held_classes(index)
    if held:
        sentence = (
            f"{'; '.join(held)}. Check the patient column or pattern; if one person has so many "
            "images, results say little about others"
        )
        return [error("dominant-patient", sentence)]
    large = sorted(name for name, held in counts.items() if held > NOTABLE_SHARE * len(index))
    if not large:
        return []
    share = format_percent(count / len(index), 0)
    sentence = (
        f"{plural(len(large), 'patient')} with more than a tenth of the images each, "
        f"up to {share}: {some(large)}"
    )
    return [note("large-patients", sentence)]


def _held_classes(index: ImageIndex) -> list[str]:
    """Return a clause for each class of which one patient holds most images."""
    assert index.patients is not None
    clauses = []
    for number, name in enumerate(index.classes):
        members: NDArray[np.bool_] = (
            index.labels == number if index.labels.ndim == 1 else index.labels[:, number] == 1
        )
        counts = Counter(index.patients[at] for at in np.flatnonzero(members).tolist())
        total = counts.total()
        patient, count = min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        if total >= MIN_CLASS_IMAGES and count > MAX_SHARE * total:
            clauses.append(f"patient {patient} holds {count:,} of {total:,} images of {name}")
    return clauses


def _tidy(cell: str) -> str:
    """Return a cell without surplus blanks; `13` for `00000013`.

    Releases of one data set differ in leading zeros.
    """
    value = " ".join(unicodedata.normalize("NFC", cell).split())
    return str(int(value)) if value.isascii() and value.isdigit() else value


def _number_key(patient: str) -> str:
    """Return `12` for `12.0`, as pandas writes it once a cell is empty, and `p012` for `P012`."""
    if _NUMBER.fullmatch(patient):
        return str(int(re.split("[.,]", patient)[0]))
    return patient.casefold()


def _united(patients: Sequence[str], key: Callable[[str], str]) -> list[str]:
    """Return patients with one spelling per key: the first in order of text."""
    spellings = defaultdict[str, set[str]](set)
    for patient in set(patients):
        spellings[key(patient)].add(patient)
    chosen = {each: min(group) for group in spellings.values() for each in group}
    return [chosen[patient] for patient in patients]


def _scientific_findings(patients: Sequence[str]) -> list[Finding]:
    cut = sorted({each for each in patients if _SCIENTIFIC.fullmatch(each)})
    if not cut:
        return []
    num_images = sum(patient in set(cut) for patient in patients)
    sentence = (
        f"{plural(num_images, 'image')} of patients in scientific notation, in which digits are "
        f"lost: {some(cut)}. Export the table again with the column formatted as text"
    )
    return [error("scientific-patients", sentence)]


def _search(pattern: re.Pattern[str], path: str) -> str:
    """Return the patient in a relative path; empty where nothing matches."""
    path = unicodedata.normalize("NFC", path)
    parts = path.split("/")[::-1]
    for text in (*parts, path):
        match = pattern.search(text)
        if match and not is_missing(patient := _patient_in(match)):
            return patient
    return ""


def _patient_in(match: re.Match[str]) -> str:
    r"""Return the first group that took part, or the match of a pattern without groups.

    The number or name of a later group is joined to it: `person(\d+)|IM-(\d+)` must not take
    person 1 and IM-1 for one patient.
    """
    if match.re.groups == 0:
        return match[0]
    name_of = {number: name for name, number in match.re.groupindex.items()}
    for number, value in enumerate(match.groups(), 1):
        if value and not is_missing(value):
            return value if number == 1 else f"{name_of.get(number, number)}:{value}"
    return ""
