"""The file that says that a study's names were replaced: `pseudonymised.json` in its folder."""

from pathlib import Path

import msgspec

import medtui
from medtui.runs.folder import StudyFolder
from medtui.runs.json_record import encode_json_record

SENTENCE = (
    "The names of patients, images, files, machines and folders were replaced before the study was "
    "shared. Numbers are as they were; checksums are those of the shared files."
)


class Marker(msgspec.Struct, frozen=True):
    """What was replaced."""

    medtui: str
    num_patients: int
    num_images: int
    sentence: str = SENTENCE


def marker_path(study: StudyFolder) -> Path:
    """Return where the file is, or would be."""
    return study.path / "pseudonymised.json"


def is_pseudonymised(study: StudyFolder) -> bool:
    """Return whether a study is a shared copy with other names."""
    return marker_path(study).is_file()


def marker_bytes(num_patients: int, num_images: int) -> bytes:
    """Return the file's content."""
    return encode_json_record(Marker(medtui.__version__, num_patients, num_images))
