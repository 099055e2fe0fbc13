"""What a study's folder is like: as long as it stays so, its summary need not be made again.

Every file that a summary depends on is part of it. A writer claims a folder by a new file, so the
time of a folder changes before anything in it does, even where files are only appended to.
"""

import os

import msgspec

from medtui.runs.folder import StudyFolder
from medtui.storage.file_stamp import ABSENT, FileStamp, is_settled, stamp_of

_OWN_FILES = ("preset.toml", "note.txt", "search.json", "lock", "ledger.jsonl")


class StudyStamp(msgspec.Struct, frozen=True, array_like=True):
    """Stamps of the files behind a summary."""

    own: tuple[FileStamp, ...]
    """The study's folder and its own files."""
    runs: dict[str, tuple[FileStamp, ...]]
    """Name of each folder in it to stamps of the folder, its result and, without one, its log."""

    @property
    def is_settled(self) -> bool:
        """Whether no change is so young that another could have the same time."""
        return is_settled(self.own) and all(map(is_settled, self.runs.values()))


def own_stamps(study: StudyFolder) -> tuple[FileStamp, ...]:
    """Return the stamps of a study's own files: a study that begins to run changes them."""
    path = str(study.path)
    return (stamp_of(path), *(stamp_of(f"{path}/{name}") for name in _OWN_FILES))


def study_stamp(study: StudyFolder) -> StudyStamp:
    """Return the stamps of all files behind a study's summary."""
    own = own_stamps(study)
    try:
        with os.scandir(study.path) as entries:
            runs = {entry.name: _run_stamps(entry) for entry in entries if entry.is_dir()}
    except OSError:
        runs = {}
    return StudyStamp(own, runs)


def _run_stamps(entry: "os.DirEntry[str]") -> tuple[FileStamp, ...]:
    result = stamp_of(f"{entry.path}/result.json")
    log = stamp_of(f"{entry.path}/events.jsonl") if result == ABSENT else ABSENT
    return (stamp_of(entry.path), result, log)
