"""All studies in a runs folder and their runs; a refresh reads only what was added."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from medtui.errors import MedtuiError, explain_os_error
from medtui.events import CycleEnded
from medtui.metrics import Task
from medtui.monitor.folder_problems import missing_result, preset_problem
from medtui.monitor.planned_stages import planned_stages
from medtui.monitor.progress import Progress, progress_of
from medtui.preset import Cell, Preset, cell_named, count_runs, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import (
    RunFolder,
    StudyFolder,
    is_planned,
    subfolders,
)
from medtui.runs.history import History
from medtui.runs.liveness import LockReader
from medtui.runs.log_reader import EventTail
from medtui.runs.result import Result, read_result
from medtui.runs.run_names import main_stage
from medtui.runs.search_record import SearchRecord, read_search
from medtui.runs.status import Status, status_of
from medtui.runs.utf8_names import unreadable_names


@dataclass
class RunFeed:
    """Follows one run's folder; a finished run is a live run that does not grow any more."""

    folder: RunFolder
    history: History = field(default_factory=History)
    status: Status = "queued"
    result: Result | None = None
    """None until the run is finished."""
    preset: Preset | None = None
    """The study's; None where it cannot be read."""
    _preset_problem: str = ""
    _result_problem: str = ""

    def __post_init__(self) -> None:
        self._tail = EventTail(self.folder.events)
        self._lock = LockReader(self.folder.lock)

    def refresh(self) -> bool:
        """Read what was added; return whether anything changed."""
        before = (self.history.num_records, self.status, self.result is None)
        # before the log: the final event is written before the lock is released
        is_running = self._lock.holder() is not None
        records = self._tail.poll()
        if self._tail.was_replaced:
            self.history = History()
        for record in records:
            self.history.add(record)
        self.status = status_of(
            self.folder, self.history, is_held=is_running, is_silent=self._lock.is_silent
        )
        self._preset_problem = preset_problem(self.folder)
        if self.status != "finished":
            self.result = None
        if self.result is None:
            self._read_result()
        return before != (self.history.num_records, self.status, self.result is None)

    @property
    def problem(self) -> str:
        """Why the folder cannot be read completely; empty where it can."""
        problems = (self._preset_problem, self._result_problem, self._tail.problem)
        return "\n".join(filter(None, problems))

    @property
    def is_behind(self) -> bool:
        """Whether another `refresh` would read more of the log immediately."""
        return self._tail.is_behind

    @property
    def is_undecided(self) -> bool:
        """Whether a later `refresh` will show if its worker, which is elsewhere, is alive."""
        return self._lock.is_undecided and self.status != "finished"

    @property
    def owner_elsewhere(self) -> str:
        """The process of a silent run, according to its owner record."""
        return self._lock.owner_elsewhere

    @property
    def is_live(self) -> bool:
        """Whether a worker is writing."""
        return self.status == "running"

    @property
    def main_stage(self) -> str:
        """The stage whose cycles are plotted."""
        return main_stage(self.folder.name)

    @property
    def best(self) -> CycleEnded | None:
        """The cycle whose model is kept so far."""
        return self.history.best_of(self.main_stage)

    @property
    def task(self) -> Task | None:
        """Kind of task, by the result or by the metrics; None before the first measurement."""
        return self.result.task if self.result is not None else self.history.task

    @property
    def progress(self) -> Progress:
        """Progress of the run."""
        return progress_of(self.history, planned_stages(self.folder, self.history, self.preset))

    def _read_result(self) -> None:
        try:
            self.result = read_result(self.folder)
            is_missing = self.result is None and not os.path.lexists(self.folder.result)
            self._result_problem = missing_result(self.folder, self.history) if is_missing else ""
        except MedtuiError as error:
            self._result_problem = str(error)


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
    search: SearchRecord | None = None
    """Results of its searches so far; None where there are none yet."""
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
        before = (self.is_live, len(self.runs), self._search_read_at)
        if self.preset is None:
            self._read_preset()
        self._read_search()
        self.is_live = self._lock.holder() is not None
        self.is_silent = self._lock.is_silent
        known = {run.folder.name: run for run in self.runs}
        self.runs = [known.get(folder.name) or RunFeed(folder) for folder in self.folder.runs()]
        self._misnamed = unreadable_names(self.folder.path)
        for run in self.runs:
            run.preset = self.preset
        changed = [run.refresh() for run in self.runs]
        return any(changed) or before != (self.is_live, len(self.runs), self._search_read_at)

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
        """Unix time at which the study was created."""
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


@dataclass
class Catalogue:
    """All studies in one runs folder."""

    runs_dir: Path
    studies: list[StudyFeed] = field(default_factory=list)
    """Live studies first, then the newest."""
    problem: str = ""
    """Which studies cannot be listed, and why; empty where all can."""

    def refresh(self) -> bool:
        """Read new, changed and deleted studies; return whether anything changed."""
        known = {study.folder.name: study for study in self.studies}
        folders = self._folders()
        studies = [known.get(folder.name) or StudyFeed(folder) for folder in folders]
        changed = [study.refresh() for study in studies]
        names = [study.folder.name for study in self.studies]
        self.problem = "\n".join(unreadable_names(self.runs_dir))
        studies.sort(key=lambda study: (not study.is_live, -study.started_at))
        self.studies = studies
        return any(changed) or names != [study.folder.name for study in studies]

    def find(self, name: str) -> StudyFeed | RunFeed | None:
        """Return a study by name, or a run by `study/run`; None where there is none."""
        study_name, _, run_name = name.strip("/").partition("/")
        study = next((each for each in self.studies if each.folder.name == study_name), None)
        if study is None or not run_name:
            return study
        return next((run for run in study.runs if run.folder.name == run_name), None)

    def _folders(self) -> list[StudyFolder]:
        studies = [StudyFolder(path) for path in subfolders(self.runs_dir)]
        return [study for study in studies if is_planned(study.path)]
