"""Reads a runs folder into snapshots: a summary of every study, and a view of one run."""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medtui.monitor.run_view import RunView
from medtui.monitor.snapshot import Snapshot
from medtui.monitor.study_catalogue import StudyCatalogue
from medtui.monitor.telemetry_curves import TelemetryCurveReader

if TYPE_CHECKING:
    from medtui.monitor.run_feed import RunFeed
    from medtui.monitor.study_feed import StudyFeed

ALL_EVERY_S = 5.0
"""Interval between looks at studies that are not live, seconds."""

READ_S = 0.7
"""How long studies are read before what was read is shown, seconds."""

MIN_STUDIES = 20
"""Studies that are read before anything is shown, however long that takes."""


@dataclass
class FolderReader:
    """Follows a runs folder. Not thread-safe: only the polling thread uses it."""

    runs_dir: Path
    _telemetry: tuple[str, TelemetryCurveReader] | None = None
    """Key of the viewed run, and the reader of its telemetry."""
    _run: "RunFeed | None" = None
    """The viewed run, whose log is read also if it is finished."""
    _all_due_at: float = 0.0

    def __post_init__(self) -> None:
        self._catalogue = StudyCatalogue(self.runs_dir)

    def read(self, wanted: str, *, refresh_all: bool) -> Snapshot:
        """Return a snapshot; of a long log, only the next chunk is read."""
        if refresh_all or time.monotonic() >= self._all_due_at:
            self._catalogue.scan(is_whole=refresh_all)
            self._catalogue.advance(time.monotonic() + READ_S, MIN_STUDIES)
            self._all_due_at = time.monotonic() + ALL_EVERY_S
        view = self._view(wanted)
        problem = _problem_of(self.runs_dir) or self._catalogue.problem
        return Snapshot(
            self._catalogue.summaries(), view, wanted, problem, self._catalogue.num_unread
        )

    @property
    def is_behind(self) -> bool:
        """Whether a study or a log is not read to its end yet."""
        return self._catalogue.is_behind

    def read_more(self) -> None:
        """Read another study, and another chunk of every log that is not read to its end."""
        self._catalogue.advance(0.0, 1)

    def _view(self, wanted: str) -> RunView | None:
        name, _, run_name = wanted.partition("/")
        feed = self._catalogue.open(name)
        run = _run_in(feed, run_name)
        if self._run is not None and self._run is not run:
            self._run.close()
        self._run = run
        if run is not None and run.is_brief:
            run.open()
        self._catalogue.follow()
        if run is None or feed is None:
            self._telemetry = None
            return None
        from medtui.monitor.view_of_run import make_view  # a list of studies does without

        summary = next(each for each in self._catalogue.summaries() if each.name == name)
        telemetry = self._telemetry_of(wanted, run)
        view = make_view(feed, summary, run, telemetry.curves())
        problems = (view.problem, telemetry.problem)
        return replace(view, problem="\n".join(filter(None, problems)))

    def _telemetry_of(self, wanted: str, run: "RunFeed") -> TelemetryCurveReader:
        if self._telemetry is None or self._telemetry[0] != wanted:
            self._telemetry = (wanted, TelemetryCurveReader(run.folder.telemetry))
        reader = self._telemetry[1]
        reader.refresh()
        return reader


def _run_in(feed: "StudyFeed | None", name: str) -> "RunFeed | None":
    return next((run for run in feed.runs if run.folder.name == name), None) if feed else None


def _problem_of(runs_dir: Path) -> str:
    """Return why a folder cannot be read; a missing folder counts as empty."""
    try:
        os.scandir(runs_dir).close()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"The runs folder cannot be read: {error.strerror}: {runs_dir}"
    return ""
