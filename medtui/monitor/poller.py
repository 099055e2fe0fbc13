"""Reads the runs folder in a thread of its own and gives frozen snapshots of it.

Nothing here runs in the event loop; nothing the thread writes is read by anyone else. What reads
is imported by the thread, so that the first screen does not wait for it.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medtui.errors import explain_os_error
from medtui.monitor.snapshot import Snapshot

if TYPE_CHECKING:
    from medtui.monitor.reading import Reader

PERIOD_S = 1.0
"""Snapshots are at most this often, and so are redraws, seconds."""

DRAWING_S = 0.15
"""After a snapshot nothing is read for so long: the screen and its charts are drawn undisturbed."""


class Feed:
    """The reading thread. `publish` is called from it with every snapshot that differs."""

    def __init__(self, runs_dir: Path, publish: Callable[[Snapshot], None]) -> None:
        self._runs_dir = runs_dir
        self._publish = publish
        self._wake = threading.Event()
        self._is_over = False
        self._wanted = ""
        self._is_fresh_wanted = True

    def start(self) -> None:
        """Begin to read; the thread never keeps the process from ending."""
        threading.Thread(target=self._run, name="feed", daemon=True).start()

    def stop(self) -> None:
        """Read no more."""
        self._is_over = True
        self._wake.set()

    def watch(self, key: str) -> None:
        """Ask for the view of the run `study/run` from now on; empty asks for none."""
        self._wanted = key
        self._wake.set()

    def look_now(self) -> None:
        """Look at every study at once: something was started, stopped or deleted."""
        self._is_fresh_wanted = True
        self._wake.set()

    def _run(self) -> None:
        from medtui.monitor.reading import Reader

        reader = Reader(self._runs_dir)
        latest: Snapshot | None = None
        while not self._is_over:
            self._wake.clear()
            is_fresh, self._is_fresh_wanted = self._is_fresh_wanted, False
            snapshot = self._read(reader, latest, is_fresh=is_fresh)
            if snapshot != latest and not self._is_over:
                latest = snapshot
                self._publish(snapshot)
            self._catch_up(reader, time.monotonic() + PERIOD_S)

    def _read(self, reader: "Reader", latest: Snapshot | None, *, is_fresh: bool) -> Snapshot:
        """Read; where that fails, show what was there before and name the problem.

        Whatever the error, the thread goes on: without it Home would stay as it is for ever.
        """
        try:
            return reader.read(self._wanted, look_at_all=is_fresh)
        except OSError as error:
            problem = explain_os_error(error).message
        except Exception as error:  # noqa: BLE001 - see above
            problem = f"The runs folder could not be read: {type(error).__name__}: {error}"
        studies = latest.studies if latest else ()
        return Snapshot(studies, wanted=self._wanted, problem=problem)

    def _catch_up(self, reader: "Reader", until: float) -> None:
        """Read long logs on, slice by slice, until the next snapshot is due."""
        if reader.is_behind:
            self._wake.wait(DRAWING_S)
        while reader.is_behind and not self._wake.is_set() and time.monotonic() < until:
            reader.read_on()
        self._wake.wait(max(0.0, until - time.monotonic()))
