"""Follows one study's folder."""

from dataclasses import dataclass, field

from medtui.errors import MedtuiError, explain_os_error
from medtui.metrics import Task
from medtui.monitor.run_feed import RunFeed
from medtui.preset import Cell, Preset, cell_named, count_runs, finetuned_as, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ownership.liveness import LockReader
from medtui.runs.search_record import SearchRecord, read_search
from medtui.runs.status import Status
from medtui.runs.utf8_names import unreadable_names
from medtui.runs.waiting_note import read_waiting


@dataclass
class StudyFeed:
    """Follows one study's folder."""

    folder: StudyFolder
    preset: Preset | None = None
    """None where `preset.toml` cannot be read."""
    runs: list[RunFeed] = field(default_factory=list)
    """The references first."""
    is_live: bool = False
    """Whether a supervisor is running."""
    is_silent: bool = False
    """Whether a supervisor elsewhere neither signed off nor shows a heartbeat."""
    waiting_for: str = ""
    """What it waits for while no run computes, such as `GPU 0 used by anna`; mostly empty."""
    search: SearchRecord | None = None
    """Results of its searches so far; None where there are none yet."""
    is_brief: bool = False
    """Whether the logs of finished runs are left unread."""
    _preset_problem: str = ""
    _search_problem: str = ""
    _misnamed: list[str] = field(default_factory=list)
    _cells: dict[str, Cell | None] = field(default_factory=dict)
    _search_read_at: int = 0
    """Modification time of the file that was read, nanoseconds."""

    def __post_init__(self) -> None:
        self._lock = LockReader(self.folder.lock)

    @property
    def is_undecided(self) -> bool:
        """Whether a later `refresh` will show if its processes elsewhere are alive."""
        return self._lock.is_undecided or any(run.is_undecided for run in self.runs)

    def refresh(self) -> bool:
        """Read what was added to the study and its runs; return whether anything changed."""
        before = self._state
        if self.preset is None:
            self._read_preset()
        self._read_search()
        self.is_live = self._lock.holder() is not None
        self.is_silent = self._lock.is_silent
        self.waiting_for = read_waiting(self.folder) if self.is_live else ""
        known = {run.folder.name: run for run in self.runs}
        self.runs = [
            known.get(folder.name) or RunFeed(folder, is_brief=self.is_brief)
            for folder in self.folder.runs()
        ]
        self._misnamed = unreadable_names(self.folder.path)
        for run in self.runs:
            if run.preset is None and self.preset is not None:
                cell = self.cell_of(run)
                run.preset = finetuned_as(self.preset, cell) if cell else self.preset
            run.is_supervised = self.is_live
        changed = [run.refresh() for run in self.runs]
        changed += self._mark_unstarted()
        return any(changed) or before != self._state

    @property
    def is_waiting(self) -> bool:
        """Whether its supervisor waits for a device or a cluster, while no run computes."""
        waits = bool(self.waiting_for) or self.count("waiting") > 0
        return self.is_live and waits and not self.count("running")

    def _mark_unstarted(self) -> list[bool]:
        """Show runs that a study did not get to as stopped if it was; return what has changed."""
        is_stopped = not (self.is_live or self.is_silent) and any(
            run.status == "stopped" and (run.history.num_records or run.job) for run in self.runs
        )
        outdated = [run for run in self.runs if run.is_study_stopped != is_stopped]
        for run in outdated:
            run.is_study_stopped = is_stopped
        unstarted = [run for run in outdated if not run.history.num_records]
        return [run.refresh() for run in unstarted]

    @property
    def _state(self) -> tuple[object, ...]:
        return self.is_live, self.waiting_for, len(self.runs), self._search_read_at

    @property
    def problem(self) -> str:
        """Why the folder cannot be read completely; empty where it can."""
        problems = (self._preset_problem, self._search_problem, *self._misnamed)
        return "\n".join(filter(None, problems))

    @property
    def num_planned(self) -> int:
        """Number of planned runs: references, grid, and the maximum of its searches."""
        if self.preset is None:
            return len(self.runs)
        planned = count_runs(self.preset)
        if self.preset.search is not None and self.search is not None:
            budget = self.preset.search.budget * len(self.preset.search.scheme)
            planned += self.search.num_planned - budget
        return max(planned, len(self.runs))

    @property
    def reference(self) -> RunFeed | None:
        """The first dense model's run; None until it is planned."""
        return self._run_in(self.folder.reference)

    def reference_of(self, run: RunFeed) -> RunFeed | None:
        """Return the reference that a run compresses; None for references."""
        return None if run.folder.is_reference else self._run_in(run.folder.reference)

    def control_of(self, run: RunFeed) -> RunFeed | None:
        """Return the control that a run is compared with: that of its seeds, else another."""
        if not run.folder.is_compared:
            return None
        controls = [
            each
            for each in self.runs
            if each.folder.is_control and each.folder.reference == run.folder.reference
        ]
        return self._run_in(run.folder.control) or next(iter(controls), None)

    def _run_in(self, folder: RunFolder) -> RunFeed | None:
        return next((run for run in self.runs if run.folder == folder), None)

    @property
    def has_control(self) -> bool:
        """Whether it trains a control."""
        return any(run.folder.is_control for run in self.runs)

    @property
    def task(self) -> Task:
        """Kind of task of all its runs; single-label before the first measurement."""
        return next((task for run in self.runs if (task := run.task) is not None), "single")

    def cell_of(self, run: RunFeed) -> Cell | None:
        """Return the grid cell of a run; None for references."""
        name = run.folder.name
        if name not in self._cells and self.preset is not None:
            self._cells[name] = cell_named(self.preset, name)
        return self._cells.get(name)

    @property
    def started_at(self) -> float:
        """Unix time of its first event; before that, at which it was created."""
        times = [first for run in self.runs if (first := run.times.first) is not None]
        return min(times) if times else self._created_at

    @property
    def last_at(self) -> float:
        """Unix time of its latest event; before the first, at which it was created."""
        times = [last for run in self.runs if (last := run.times.last) is not None]
        return max(times) if times else self._created_at

    @property
    def _created_at(self) -> float:
        try:
            return self.folder.preset.stat().st_mtime
        except OSError:
            return 0.0

    def count(self, *statuses: Status) -> int:
        """Return the number of runs in any of these states."""
        return sum(run.status in statuses for run in self.runs)

    def _read_search(self) -> None:
        try:
            written_at = self.folder.search.stat().st_mtime_ns
            if written_at != self._search_read_at:
                self.search = read_search(self.folder)
                self._search_read_at = written_at
                self._search_problem = ""
        except FileNotFoundError:
            return
        except OSError as error:
            self._search_problem = explain_os_error(error).message
        except MedtuiError as error:
            self._search_problem = str(error)

    def _read_preset(self) -> None:
        try:
            text = read_text(self.folder.preset)
            self.preset = parse_preset(text, str(self.folder.preset))
            self._preset_problem = ""
        except MedtuiError as error:
            self._preset_problem = str(error)
