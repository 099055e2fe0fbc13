"""What a live study waits for: the file `waiting.txt` in its folder, written by its supervisor."""

from contextlib import suppress

from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import StudyFolder
from medtui.storage import read_tail

_MAX_BYTES = 1024


class WaitingNote:
    """Keeps the file as it should be; only readers depend on it, so that it may fail."""

    def __init__(self, study: StudyFolder) -> None:
        self._path = study.waiting
        self._written: str | None = None

    def set(self, text: str) -> None:
        """Write what the study waits for; empty deletes the file."""
        if text == self._written:
            return
        self._written = text
        with suppress(OSError):
            if text:
                publish_text(self._path, text)
            else:
                self._path.unlink(missing_ok=True)


def read_waiting(study: StudyFolder) -> str:
    """Return what a live study waits for, on one line; empty where it waits for nothing."""
    try:
        return " ".join(read_tail(study.waiting, _MAX_BYTES).decode("utf-8", "replace").split())
    except OSError:
        return ""
