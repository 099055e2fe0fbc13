"""Polls the runs folder in a thread and publishes immutable snapshots.

Nothing runs in the event loop, and only snapshots are shared between threads. The thread itself
imports the reader, so that the first screen does not wait for the import.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medtui.errors import explain_os_error
from medtui.monitor.snapshot import Snapshot

if TYPE_CHECKING:
    from medtui.monitor.folder_reader import FolderReader

PERIOD_S = 1.0
"""Minimum interval between snapshots, and so between redraws, seconds."""

DRAWING_S = 0.15
"""Pause of reading after a snapshot, seconds, so that drawing is not disturbed."""


class Poller:
    """The polling thread. It calls `publish` with every snapshot that differs from the last."""

    def __init__(self, runs_dir: Path, publish: Callable[[Snapshot], None]) -> None:
        self._runs_dir = runs_dir
        self._publish = publish
        self._wake = threading.Event()
        self._is_over = False
        self._wanted = ""
        self._is_fresh_wanted = True

    def start(self) -> None:
        """Start the thread; as a daemon it does not keep the process alive."""
        threading.Thread(target=self._run, name="poller", daemon=True).start()

    def stop(self) -> None:
        """Stop polling."""
        self._is_over = True
        self._wake.set()

    def watch(self, key: str) -> None:
        """Include the view of the run `study/run` in snapshots; empty includes none."""
        self._wanted = key
        self._wake.set()

    def poll_now(self) -> None:
        """Read every study immediately, after something was started, stopped or deleted."""
        self._is_fresh_wanted = True
        self._wake.set()

    def _run(self) -> None:
        from medtui.monitor.folder_reader import FolderReader

        reader = FolderReader(self._runs_dir)
        latest: Snapshot | None = None
        while not self._is_over:
            self._wake.clear()
            is_fresh, self._is_fresh_wanted = self._is_fresh_wanted, False
            snapshot = self._read(reader, latest, is_fresh=is_fresh)
            if snapshot != latest and not self._is_over:
                latest = snapshot
                self._publish(snapshot)
            self._catch_up(reader, time.monotonic() + PERIOD_S)

    def _read(self, reader: "FolderReader", latest: Snapshot | None, *, is_fresh: bool) -> Snapshot:
        """Return a new snapshot; if reading fails, the previous studies with the problem.

        The thread continues after any error: otherwise Home would never be updated again.
        """
        try:
            return reader.read(self._wanted, refresh_all=is_fresh)
        except OSError as error:
            problem = explain_os_error(error).message
        except Exception as error:  # noqa: BLE001 - see above
            problem = f"The runs folder could not be read: {type(error).__name__}: {error}"
        studies = latest.studies if latest else ()
        return Snapshot(studies, wanted=self._wanted, problem=problem)

    def _catch_up(self, reader: "FolderReader", until: float) -> None:
        """Read more of long logs, chunk by chunk, until the next snapshot is due."""
        if reader.is_behind:
            self._wake.wait(DRAWING_S)
        while reader.is_behind and not self._wake.is_set() and time.monotonic() < until:
            reader.read_more()
        self._wake.wait(max(0.0, until - time.monotonic()))
