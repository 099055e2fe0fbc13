"""Reads the facts in a DICOM header by which images are grouped; no value leaves it as written.

A patient's identity leaves this module as a hash, an age as whole years, and sex, view and
manufacturer as one of a closed list of words.
"""

import hashlib
import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from medtui.datasets.decoding.dicom import is_dicom, is_installed, silence
from medtui.datasets.decoding.image import open_file
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.missing_values import is_missing

if TYPE_CHECKING:
    from pydicom import Dataset

HEADER_VERSION = 1
"""Part of the key of cached headers: increase it when a header would be read differently."""

OTHER = "other"
"""A view or manufacturer outside of the lists below."""

OLDEST_AGE = 90
"""Ages above are recorded as this one: few people have them, so that they identify a person."""

_START_BYTES = 4096
"""Bytes of a file that tell whether it is DICOM."""

_HASH_DIGITS = 16

_SEXES = frozenset({"M", "F", "O"})
_VIEWS = {
    **{each: each for each in ("AP", "PA", "LL", "RL", "LLD", "RLD", "LLO", "RLO")},
    **{each: each for each in ("CC", "MLO", "ML", "LM", "LMO", "XCCL", "XCCM", "FB", "SIO", "AT")},
    **dict.fromkeys(("LAT", "LATERAL"), "lateral"),
}
"""View positions and their names. Source: DICOM PS3.3, C.8.1.1.1 and C.8.11.4."""
_MANUFACTURERS = {
    "agfa": "Agfa",
    "canon": "Canon",
    "carestream": "Carestream",
    "konica": "Konica Minolta",
    "fuji": "Fujifilm",
    "ge ": "GE",
    "ge healthcare": "GE",
    "general electric": "GE",
    "hologic": "Hologic",
    "kodak": "Carestream",
    "lorad": "Hologic",
    "philips": "Philips",
    "samsung": "Samsung",
    "siemens": "Siemens",
    "shimadzu": "Shimadzu",
    "toshiba": "Canon",
    "vidar": "Vidar",
    "howtek": "Howtek",
    "lumisys": "Lumisys",
    "varian": "Varian",
    "mindray": "Mindray",
    "hitachi": "Hitachi",
    "united imaging": "United Imaging",
}
"""Part of a manufacturer's name in lower case to the name in results."""

_TAGS = ["PatientID", "PatientSex", "PatientAge", "ViewPosition", "Manufacturer"]

_AGE = re.compile(r"(\d{1,3})([DWMY]?)", re.ASCII)
_PER_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
_OLDEST_PERSON = 120


class Header(msgspec.Struct, frozen=True):
    """What a DICOM header says about one image; empty where it says nothing."""

    patient: str = ""
    """Hash of the PatientID."""
    sex: str = ""
    """M, F or O."""
    age: int | None = None
    """Whole years, at most `OLDEST_AGE`."""
    view: str = ""
    """View position, like PA or MLO."""
    manufacturer: str = ""
    """Name of the manufacturer, or `OTHER`."""


def is_dicom_file(path: Path) -> bool:
    """Return whether a file begins like DICOM; False where it cannot be read."""
    try:
        with open_file(path) as file:
            return is_dicom(file.read(_START_BYTES))
    except (BadImageError, OSError):
        return False


def read_header(path: Path) -> Header | None:
    """Return the header of a file; None where it is no DICOM file or cannot be read."""
    if not is_installed():
        return None
    silence()
    try:
        with open_file(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start = file.read(_START_BYTES)
            file.seek(0)
            return _facts(file) if is_dicom(start) else None
    except Exception:  # noqa: BLE001 - pydicom raises many types, whose messages quote values
        return None


def _facts(file: io.BufferedReader) -> Header:
    from pydicom import dcmread

    # Elements of other names are skipped, also those before the wanted ones.
    elements = dcmread(file, stop_before_pixels=True, specific_tags=list(_TAGS), force=True)
    sex = _text(elements, "PatientSex").upper()
    view = _text(elements, "ViewPosition").upper()
    return Header(
        patient=_hashed(_text(elements, "PatientID")),
        sex=sex if sex in _SEXES else "",
        age=_years(_text(elements, "PatientAge").upper()),
        view=_VIEWS.get(view, OTHER) if view else "",
        manufacturer=_manufacturer(_text(elements, "Manufacturer").casefold()),
    )


def _text(elements: "Dataset", name: str) -> str:
    """Return a value as text without surplus blanks; empty where it is missing or a word for it."""
    value = elements.get(name)
    text = " ".join(str(value if value is not None else "").replace("\0", " ").split())
    return "" if is_missing(text) else text


def _hashed(patient: str) -> str:
    digits = hashlib.sha256(patient.casefold().encode("utf-8", "surrogateescape")).hexdigest()
    return digits[:_HASH_DIGITS] if patient else ""


def _years(age: str) -> int | None:
    found = _AGE.fullmatch(age)
    if found is None:
        return None
    years = int(int(found[1]) / _PER_YEAR[found[2]])
    return min(years, OLDEST_AGE) if years <= _OLDEST_PERSON else None


def _manufacturer(name: str) -> str:
    if not name:
        return ""
    return next((known for part, known in _MANUFACTURERS.items() if part in f"{name} "), OTHER)
