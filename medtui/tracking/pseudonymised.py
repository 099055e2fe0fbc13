"""A tracker that passes on to another one what names nobody."""

import sys
from pathlib import Path
from typing import assert_never

from medtui.errors import MedtuiError
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.folder import RunFolder
from medtui.sharing.tracked import TrackedRun
from medtui.tracking.tracker import (
    Artifact,
    Facts,
    Measured,
    Progress,
    RunDescription,
    Tracker,
    Update,
)


class PseudonymisedTracker:
    """A `Tracker` for `track.pseudonymise`: its settings come without names already."""

    def __init__(self, inner: Tracker, run: RunFolder, folder: Path) -> None:
        """`folder` receives the files that are passed on."""
        self._inner = inner
        self._tracked = TrackedRun(run)
        self._folder = folder

    def log(self, update: Update) -> None:
        """Pass an update on, its sentences and files without names.

        Where a file of the run is damaged, what would need it is left out.
        """
        match update:
            case Facts() | Artifact(kind="file"):
                try:
                    self._inner.log(self._shared(update))
                except MedtuiError as error:
                    print(f"not sent: {error}", file=sys.stderr)  # noqa: T201 - to log.txt
            case Artifact() | Measured() | Progress() | RunDescription():
                self._inner.log(update)
            case _:
                assert_never(update)

    def close(self) -> None:
        """Send or write what is left.

        Raises:
            EnvironmentProblem: the record is incomplete.
        """
        self._inner.close()

    def _shared(self, update: Facts | Artifact) -> Update:
        match update:
            case Facts():
                text = self._tracked.text
                values = update.values.items()
                return Facts({name: text(value) if isinstance(value, str) else value
                              for name, value in values})  # fmt: skip
            case Artifact():
                self._folder.mkdir(exist_ok=True)
                copy = self._folder / update.path.name
                publish_bytes(copy, self._tracked.file(update.path.name))
                return Artifact(copy, update.kind)
            case _:
                assert_never(update)
