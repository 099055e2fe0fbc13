"""The user's note on a study: `note.txt`."""

from medtui.runs.folder import StudyFolder
from medtui.storage import MissingFile, read_bytes

MAX_BYTES = 64 * 1024
"""A note is one line."""


def read_note(study: StudyFolder) -> str | None:
    """Return the note; None where there is none. Bytes that are not UTF-8 are replaced.

    Raises:
        UnreadableFile: it cannot be read.
    """
    try:
        return read_bytes(study.note, MAX_BYTES).decode("utf-8", "replace").strip()
    except MissingFile:
        return None
