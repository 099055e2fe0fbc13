"""Reads a runs folder into snapshots: a summary of every study, and a view of one run."""

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from medtui.monitor.catalogue import Catalogue, RunFeed
from medtui.monitor.run_view import RunView, make_view
from medtui.monitor.snapshot import Snapshot
from medtui.monitor.study_summary import StudySummary, summarise_study
from medtui.monitor.telemetry_curves import TelemetryCurveReader

ALL_EVERY_S = 5.0
"""Interval between reads of studies that are not live, seconds."""


@dataclass
class FolderReader:
    """Follows a runs folder. Not thread-safe: only the polling thread uses it."""

    runs_dir: Path
    _summaries: dict[str, StudySummary] = field(default_factory=dict)
    """Summaries by study name; those of changed studies are removed and computed again."""
    _telemetry: tuple[str, TelemetryCurveReader] | None = None
    """Key of the viewed run, and the reader of its telemetry."""
    _all_due_at: float = 0.0

    def __post_init__(self) -> None:
        self._catalogue = Catalogue(self.runs_dir)

    def read(self, wanted: str, *, refresh_all: bool) -> Snapshot:
        """Return a snapshot; of a long log, only the next chunk is read."""
        if refresh_all or time.monotonic() >= self._all_due_at:
            self._catalogue.refresh()
            self._summaries = {}
            self._all_due_at = time.monotonic() + ALL_EVERY_S
        else:
            for study in self._catalogue.studies:
                if study.is_live or study.folder.name == wanted.partition("/")[0]:
                    study.refresh()
                    self._summaries.pop(study.folder.name, None)
        studies = self._summarise()
        problem = _problem_of(self.runs_dir) or self._catalogue.problem
        return Snapshot(studies, self._view(wanted, studies), wanted, problem)

    @property
    def is_behind(self) -> bool:
        """Whether a log is not read to its end yet."""
        return any(run.is_behind for study in self._catalogue.studies for run in study.runs)

    def read_more(self) -> None:
        """Read another chunk of every log that is not read to its end."""
        for study in self._catalogue.studies:
            for run in study.runs:
                if run.is_behind:
                    run.refresh()
                    self._summaries.pop(study.folder.name, None)

    def _summarise(self) -> tuple[StudySummary, ...]:
        known, self._summaries = self._summaries, {}
        for study in self._catalogue.studies:
            name = study.folder.name
            self._summaries[name] = known.get(name) or summarise_study(study)
        return tuple(self._summaries.values())

    def _view(self, wanted: str, studies: tuple[StudySummary, ...]) -> RunView | None:
        run = self._catalogue.find(wanted) if "/" in wanted else None
        if not isinstance(run, RunFeed):
            self._telemetry = None
            return None
        name = run.folder.study.name
        feed = next(feed for feed in self._catalogue.studies if feed.folder.name == name)
        summary = next(study for study in studies if study.name == name)
        telemetry = self._telemetry_of(wanted, run)
        view = make_view(feed, summary, run, telemetry.curves())
        problems = (view.problem, telemetry.problem)
        return replace(view, problem="\n".join(filter(None, problems)))

    def _telemetry_of(self, wanted: str, run: RunFeed) -> TelemetryCurveReader:
        if self._telemetry is None or self._telemetry[0] != wanted:
            self._telemetry = (wanted, TelemetryCurveReader(run.folder.telemetry))
        reader = self._telemetry[1]
        reader.refresh()
        return reader


def _problem_of(runs_dir: Path) -> str:
    """Return why a folder cannot be read; a missing folder counts as empty."""
    try:
        os.scandir(runs_dir).close()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"The runs folder cannot be read: {error.strerror}: {runs_dir}"
    return ""
