"""Words in the names of columns and folders, and what they mean."""

import re
from collections.abc import Sequence

LABEL_WORDS = frozenset(
    {
        "label", "labels", "finding", "findings", "diagnosis", "diagnoses", "diagnostic",
        "diagnostics", "class", "classes", "category", "target", "targets", "dx", "pathology",
        "disease", "grade", "grading", "severity", "outcome", "risk", "abnormality", "tumor",
        "tumour", "malignant", "benign", "impression",
    }
)  # fmt: skip
"""Words of a label column; a column without one is a label only if it is chosen."""

_NO_LABEL_WORDS = frozenset({"type", "dir", "path", "date", "confidence", "comment", "source"})
"""Words that make a label's name the name of something about the label: `dx_type`."""

PATIENT_WORDS = ("patient", "subject", "participant", "person", "individual", "donor", "mrn", "pid")
LESION_WORDS = ("lesion", "case")
OTHER_UNITS = ("lesion", "specimen", "slide", "eye", "exam", "study")
"""What a column of patients may name in their place; one person may have several."""
_PATIENT_FILL = frozenset(
    {
        "id", "ids", "no", "nr", "num", "number", "name", "key", "code", "index", "uid", "hash",
        "dicom",
    }
)  # fmt: skip

TRAIN_WORDS = frozenset({"train", "training", "trn"})
VAL_WORDS = frozenset({"val", "valid", "validate", "validation", "dev", "tune"})
TEST_WORDS = frozenset({"test", "testing", "tst", "holdout"})
PART_WORDS = TRAIN_WORDS | VAL_WORDS | TEST_WORDS

_CONTAINER_WORDS = frozenset(
    {
        "image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "png", "jpg",
        "jpeg", "tif", "tiff", "dicom", "dcm", "data", "dataset", "set", "input", "inputs", "part",
        "shard", "chunk", "batch", "files", "raw", "original", "originals", "study", "series",
        "view", "visit", "session", "exam", "fold", "site",
    }
)  # fmt: skip
MASK_WORDS = frozenset(
    {"mask", "masks", "annotation", "annotations", "segmentation", "segmentations", "roi"}
)

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+x(?![a-z])|\d+", re.ASCII)
_MAGNIFICATION = re.compile(r"\d+(\.\d+)?[xX]")


def tokens(name: str) -> list[str]:
    """Return the words of a name in lower case: `PatientSex_DICOM` is patient, sex, dicom."""
    return [token.lower() for token in _TOKEN.findall(name)]


def is_label_name(name: str) -> bool:
    """Return whether a column's name says that it holds labels."""
    words = set(tokens(name))
    return bool(words & LABEL_WORDS) and not words & _NO_LABEL_WORDS


def is_plain_label_name(name: str) -> bool:
    """Return whether a column's name consists of words for labels alone."""
    words = tokens(name)
    return bool(words) and all(word in LABEL_WORDS for word in words)


def patient_rank(name: str) -> int | None:
    """Return 0 for a patient's column, 1 for a lesion's or case's, else None."""
    words = tokens(name)
    rest = [word for word in words if word not in _PATIENT_FILL and not word.isdigit()]
    for rank, known in enumerate((PATIENT_WORDS, LESION_WORDS)):
        if rest and all(word.rstrip("s") in known for word in rest):
            return rank
    return None


def other_unit(name: str) -> str:
    """Return what a column names in place of patients: `lesion` for `lesion_id`; else ""."""
    words = [word.rstrip("s") for word in tokens(name)]
    if any(word in PATIENT_WORDS for word in words):
        return ""
    return next((word for word in words if word in OTHER_UNITS), "")


def is_id_name(name: str) -> bool:
    """Return whether a column's name ends in a word for an identifier."""
    words = tokens(name)
    return bool(words) and words[-1] in {"id", "uid", "identifier"}


def is_age_name(name: str) -> bool:
    """Return whether a column holds ages or dates, whose values repeat like those of ids."""
    return bool({"age", "ages", "birth", "date", "year", "time"} & set(tokens(name)))


def part_of(name: str) -> str:
    """Return `train`, `val` or `test` for a name that means a part of the set, else ""."""
    words = set(tokens(name))
    rest = {word for word in words - PART_WORDS - _CONTAINER_WORDS if len(word) > 1}
    found = [
        part
        for part, known in (("train", TRAIN_WORDS), ("val", VAL_WORDS), ("test", TEST_WORDS))
        if words & known
    ]
    return found[0] if len(found) == 1 and not rest else ""


def is_magnification(name: str) -> bool:
    """Return whether a folder is named like a magnification: `40X`."""
    return _MAGNIFICATION.fullmatch(name.strip()) is not None


def is_number(name: str) -> bool:
    """Return whether a folder is named by a number alone."""
    return name.strip().isdigit()


def is_mask(name: str) -> bool:
    """Return whether a folder holds masks, by its name."""
    return bool(set(tokens(name)) & MASK_WORDS)


def is_container(name: str) -> bool:
    """Return whether a folder's name means images or a part of them, but no class."""
    words = tokens(name)
    is_word = any(word in _CONTAINER_WORDS or word in PART_WORDS for word in words)
    return is_word and all(
        word in _CONTAINER_WORDS or word in PART_WORDS or word.isdigit() or len(word) == 1
        for word in words
    )


def without_common_start(names: Sequence[str]) -> list[str]:
    """Return the names without the words with which all of them begin."""
    found = [tokens(name) for name in names]
    shared = 0
    while found and all(len(each) > shared for each in found):
        if len({each[shared] for each in found}) > 1:
            break
        shared += 1
    return [" ".join(each[shared:]) for each in found]
