"""Follows one run's folder."""

import os
from dataclasses import dataclass, field

from medtui.errors import MedtuiError
from medtui.events import CycleEnded
from medtui.metrics import Task
from medtui.monitor.folder_problems import missing_result, preset_problem
from medtui.monitor.log_preview import preview_history
from medtui.monitor.planned_stages import planned_stages
from medtui.monitor.progress import Progress, progress_of
from medtui.preset import Preset
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.job_record import JobReader, JobRecord
from medtui.runs.log.ends import LogTimes, read_log_times
from medtui.runs.log.history import History
from medtui.runs.log.reader import EventTail
from medtui.runs.ownership.liveness import LockReader
from medtui.runs.result import Result, read_result
from medtui.runs.run_names import main_stage
from medtui.runs.status import Status, status_of
from medtui.storage.file_stamp import ABSENT, FileStamp, is_settled, stamp_of


@dataclass
class RunFeed:
    """Follows one run's folder; a finished run is a live run that does not grow any more.

    Where the feed is brief, of a finished run only the result and the ends of its log are read.
    """

    folder: RunFolder
    history: History = field(default_factory=History)
    status: Status = "queued"
    result: Result | None = None
    """None until the run is finished."""
    preset: Preset | None = None
    """The study's, with the guard and the fine-tuning of this run; None where it is not known."""
    is_brief: bool = False
    """Whether the log of a finished run is left unread."""
    is_supervised: bool = False
    """Whether the study has a supervisor, as of its last look."""
    is_study_stopped: bool = False
    """Whether the study has no supervisor any more because it was stopped, as of its last look."""
    job: JobRecord | None = None
    """Its job in a cluster; None without one."""
    _preset_problem: str = ""
    _result_problem: str = ""

    _times: LogTimes = field(default_factory=LogTimes)
    """Of the log of a finished run that is not read."""
    _whole: History | None = None
    """History of a long log while it is read; `history` is that of its ends meanwhile."""
    _ledger: FileStamp = ABSENT
    """What the study's ledger was like when the result was read."""
    _outcome_read: tuple[FileStamp, ...] = ()
    """What the folder was like when the result was read that is shown in brief."""

    def __post_init__(self) -> None:
        self._tail = EventTail(self.folder.events)
        self._lock = LockReader(self.folder.lock)
        self._jobs = JobReader(self.folder.path)

    def refresh(self) -> bool:
        """Read what was added; return whether anything changed."""
        before = self._state
        if self.is_brief and self._refresh_outcome():
            return before != self._state
        # before the log: the final event is written before the lock is released
        is_running = self._lock.holder() is not None
        records = self._tail.poll()
        if self._tail.was_replaced:
            self.history, self._whole = History(), None
        history = self._whole or self.history
        for record in records:
            history.add(record)
        if self._whole is not None and not self._tail.is_behind:
            self.history, self._whole = self._whole, None
        self.job = self._jobs.read()
        self.status = status_of(
            self.folder, self.history, is_held=is_running, is_silent=self._lock.is_silent,
            job=self.job, is_supervised=self.is_supervised,
        )  # fmt: skip
        if self.status == "queued" and self.is_study_stopped:
            self.status = "stopped"
        self._preset_problem = preset_problem(self.folder)
        if self.status != "finished":
            self.result = None
        if self.result is None or self._may_be_opened:
            self._read_result()
        return before != self._state

    @property
    def _state(self) -> tuple[object, ...]:
        """What a change of is told to readers."""
        seal = self.result.seal if self.result else None
        return self.history.num_records, self.status, self.waiting_for, self.place, seal

    @property
    def waiting_for(self) -> str:
        """What its job waits for, in the cluster's own word: `Resources`; empty if it does not."""
        return self.job.reason if self.job is not None and self.status == "waiting" else ""

    @property
    def place(self) -> str:
        """Node on which it is running, as its cluster names it; empty where none does."""
        return self.job.place if self.job is not None and self.status == "running" else ""

    def open(self) -> None:
        """Read the log from now on, also of a finished run; the ends of a long one at once."""
        self.is_brief = False
        self._outcome_read = ()
        preview = preview_history(self.folder.events) if not self.history.num_records else None
        if preview is not None:
            self.history, self._whole = preview, History()

    def close(self) -> None:
        """Forget the log; that of a finished run is not read again."""
        self.is_brief = True
        self._forget_log()

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
    def is_silent(self) -> bool:
        """Whether its worker elsewhere shows no heartbeat, or cannot be judged yet."""
        return self.status == "silent" or self.is_undecided

    @property
    def device(self) -> str:
        """Device of the latest session: `cpu`, `cuda:0`; empty before it started."""
        session = self.history.session
        return session.device if session else self.result.device if self.result else ""

    @property
    def is_sealed(self) -> bool:
        """Whether test is not evaluated until a gate opens it."""
        if self.result is not None:
            return self.result.is_sealed
        return self.preset is not None and self.preset.evaluate.sealed

    @property
    def dead_layers(self) -> list[str]:
        """Layers without weights in the kept model, or while it runs in the latest cycle's."""
        return self.result.size.dead_layers if self.result else self.history.dead_layers

    @property
    def are_logits_constant(self) -> bool:
        """Whether that model predicts the same for every image."""
        judged = self.result or self.history
        return judged.are_logits_constant

    @property
    def is_before_finetuning(self) -> bool:
        """Whether what is measured so far is not what the run ends with: it is fine-tuned yet.

        Fine-tuning often recovers a network with empty layers, since residual additions bypass
        them; so nothing has collapsed before it.
        """
        if self.result is not None or self.preset is None or self.folder.is_reference:
            return False
        is_tuned = self.preset.compress.guard == "on" and bool(self.preset.guard.finetune_epochs)
        return is_tuned and self.history.best_of("finetune") is None

    @property
    def times(self) -> LogTimes:
        """When its log begins and ends."""
        history = self.history
        return LogTimes(history.started_at, history.last_at) if history.num_records else self._times

    @property
    def owner_elsewhere(self) -> str:
        """The process of a silent run, according to its owner record."""
        return self._lock.owner_elsewhere

    @property
    def is_copy(self) -> bool:
        """Whether its folder is a copy of that in which its worker elsewhere writes, or wrote."""
        return self._lock.is_copy and self.status in {"silent", "running"}

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

    @property
    def _may_be_opened(self) -> bool:
        """Whether test was sealed and the ledger has changed since, which alone opens it."""
        is_sealed = self.result is not None and self.result.is_sealed
        return is_sealed and self._ledger != stamp_of(self.folder.study.ledger)

    def _read_result(self) -> None:
        self._ledger = stamp_of(self.folder.study.ledger)
        try:
            self.result = read_result(self.folder)
            is_missing = self.result is None and not os.path.lexists(self.folder.result)
            self._result_problem = missing_result(self.folder, self.history) if is_missing else ""
        except MedtuiError as error:
            self._result_problem = str(error)

    def _refresh_outcome(self) -> bool:
        """Read the result of a finished run if it changed; return whether it is finished."""
        found = (stamp_of(self.folder.path), stamp_of(self.folder.result))
        if self._outcome_read == found and not self._may_be_opened:
            return True
        if not is_finished(self.folder):
            return False
        self.status, self.result = "finished", None
        self._forget_log()
        self._times = read_log_times(self.folder.events)
        self._preset_problem = preset_problem(self.folder)
        self._read_result()
        self._outcome_read = found if is_settled(found) else ()
        return True

    def _forget_log(self) -> None:
        self.history, self._whole = History(), None
        self._tail = EventTail(self.folder.events)
