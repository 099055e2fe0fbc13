"""What the reading thread reads with: every study's rows, and one run's view."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from medtui.monitor.catalogue import Catalogue, RunFeed
from medtui.monitor.row_maker import RowMaker
from medtui.monitor.rows import StudyRow
from medtui.monitor.snapshot import Snapshot
from medtui.monitor.view import RunView
from medtui.monitor.view_maker import make_view
from medtui.monitor.vitals import Vitals
from medtui.monitor.vitals_feed import VitalsFeed

ALL_EVERY_S = 5.0
"""Studies that nobody writes are looked at so often, seconds."""


@dataclass
class Reader:
    """Follows a runs folder; only the reading thread may come in."""

    runs_dir: Path
    _makers: dict[str, RowMaker] = field(default_factory=dict)
    _rows: dict[str, StudyRow] = field(default_factory=dict)
    _vitals: tuple[str, VitalsFeed] | None = None
    _all_due_at: float = 0.0

    def __post_init__(self) -> None:
        self._catalogue = Catalogue(self.runs_dir)

    def read(self, wanted: str, *, look_at_all: bool) -> Snapshot:
        """Read what is new and give it; of a long log, the next slice."""
        if look_at_all or time.monotonic() >= self._all_due_at:
            self._catalogue.refresh()
            self._rows = {}
            self._all_due_at = time.monotonic() + ALL_EVERY_S
        else:
            for study in self._catalogue.studies:
                if study.is_live or study.folder.name == wanted.partition("/")[0]:
                    study.refresh()
                    self._rows.pop(study.folder.name, None)
        rows = tuple(self._make_rows())
        problem = _problem_of(self.runs_dir) or self._catalogue.problem
        return Snapshot(rows, self._view(wanted, rows), wanted, problem)

    @property
    def is_behind(self) -> bool:
        """Whether a log is not read to its end yet."""
        return any(run.is_behind for study in self._catalogue.studies for run in study.runs)

    def read_on(self) -> None:
        """Read a further slice of every log that is not read to its end."""
        for study in self._catalogue.studies:
            for run in study.runs:
                if run.is_behind:
                    run.refresh()
                    self._rows.pop(study.folder.name, None)

    def _make_rows(self) -> list[StudyRow]:
        known, self._makers = self._makers, {}
        for study in self._catalogue.studies:
            name = study.folder.name
            maker = known.get(name)
            if maker is None or maker.study is not study:
                maker = RowMaker(study)
            self._makers[name] = maker
            if name not in self._rows:
                self._rows[name] = maker.make()
        return [self._rows[name] for name in self._makers]

    def _view(self, wanted: str, rows: tuple[StudyRow, ...]) -> RunView | None:
        run = self._catalogue.find(wanted) if "/" in wanted else None
        if not isinstance(run, RunFeed):
            self._vitals = None
            return None
        name = run.folder.study.name
        row = next(row for row in rows if row.name == name)
        return make_view(self._makers[name], row, run, self._vitals_of(wanted, run))

    def _vitals_of(self, wanted: str, run: RunFeed) -> Vitals:
        if self._vitals is None or self._vitals[0] != wanted:
            self._vitals = (wanted, VitalsFeed(run.folder.telemetry))
        feed = self._vitals[1]
        feed.refresh()
        return feed.snapshot()


def _problem_of(runs_dir: Path) -> str:
    """Give why a folder cannot be read; one that is not there yet is merely empty."""
    try:
        os.scandir(runs_dir).close()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"The runs folder cannot be read: {error.strerror}: {runs_dir}"
    return ""
