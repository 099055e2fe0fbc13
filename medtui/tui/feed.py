"""Reads the runs folder in a thread of its own and gives frozen snapshots of it.

Nothing here runs in the event loop; nothing the thread writes is read by anyone else.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from medtui.runs.catalogue import Catalogue, RunFeed
from medtui.tui.rows import RowMaker, StudyRow
from medtui.tui.view import RunView, make_view
from medtui.tui.vitals import Vitals, VitalsFeed

PERIOD_S = 1.0
"""Snapshots are at most this often, and so are redraws, seconds."""

ALL_EVERY = 5
"""Studies that nobody writes are looked at every so many periods."""


@dataclass(frozen=True)
class Snapshot:
    """All that screens show."""

    studies: tuple[StudyRow, ...]
    """Live ones first, then the newest."""
    view: RunView | None = None
    """The run that was asked for; None where there is none of that name."""
    wanted: str = ""
    """Key of the run that was asked for; empty when none was."""

    @property
    def num_live(self) -> int:
        """Studies a supervisor is at work on."""
        return sum(study.is_live for study in self.studies)

    def study(self, name: str) -> StudyRow | None:
        """Give the study of that name."""
        return next((study for study in self.studies if study.name == name), None)


def endings_between(before: Snapshot | None, after: Snapshot) -> list[tuple[str, bool]]:
    """Give a sentence for each run that ended in between, and whether it ended well."""
    if before is None:
        return []
    live = {run.key for study in before.studies for run in study.runs if run.status == "running"}
    ended = [run for study in after.studies for run in study.runs
             if run.key in live and run.status != "running"]  # fmt: skip
    return [(f"{run.study}: {run.title} {run.status}", run.status == "finished") for run in ended]


class Feed:
    """The reading thread. `publish` is called from it with every snapshot that differs."""

    def __init__(self, runs_dir: Path, publish: Callable[[Snapshot], None]) -> None:
        self._reader = _Reader(Catalogue(runs_dir))
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
        latest: Snapshot | None = None
        while not self._is_over:
            self._wake.clear()
            is_fresh, self._is_fresh_wanted = self._is_fresh_wanted, False
            snapshot = self._reader.read(self._wanted, look_at_all=is_fresh)
            if snapshot != latest and not self._is_over:
                latest = snapshot
                self._publish(snapshot)
            if not self._reader.is_behind:
                self._wake.wait(PERIOD_S)


@dataclass
class _Reader:
    catalogue: Catalogue
    is_behind: bool = False
    """Whether a log is not read to its end yet."""
    _makers: dict[str, RowMaker] = field(default_factory=dict)
    _rows: dict[str, StudyRow] = field(default_factory=dict)
    _vitals: tuple[str, VitalsFeed] | None = None
    _turn: int = 0

    def read(self, wanted: str, *, look_at_all: bool) -> Snapshot:
        """Read what is new and give it."""
        if look_at_all or self._turn % ALL_EVERY == 0:
            self.catalogue.refresh()
            self._rows = {}
        else:
            for study in self.catalogue.studies:
                if study.is_live or study.folder.name == wanted.partition("/")[0]:
                    study.refresh()
                    self._rows.pop(study.folder.name, None)
        self._turn += 1
        runs = [run for study in self.catalogue.studies for run in study.runs]
        self.is_behind = any(run.is_behind for run in runs)
        rows = tuple(self._make_rows())
        return Snapshot(rows, self._view(wanted, rows), wanted)

    def _make_rows(self) -> list[StudyRow]:
        known, self._makers = self._makers, {}
        for study in self.catalogue.studies:
            name = study.folder.name
            maker = known.get(name)
            if maker is None or maker.study is not study:
                maker = RowMaker(study)
            self._makers[name] = maker
            if name not in self._rows:
                self._rows[name] = maker.make()
        return [self._rows[name] for name in self._makers]

    def _view(self, wanted: str, rows: tuple[StudyRow, ...]) -> RunView | None:
        run = self.catalogue.find(wanted) if "/" in wanted else None
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
