"""What a study's process does: which run is started next, and which is started again."""

import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import assert_never

from medtui.errors import MedtuiError
from medtui.jobs.benchmark import benchmarked_runs
from medtui.jobs.device_slots import num_references_alone
from medtui.jobs.job import Job, Restarts
from medtui.jobs.planning import plan_run, plan_runs, retire_lost_references, sweep
from medtui.jobs.schedulers import Ended, Running, Scheduler, Vanished, Waiting
from medtui.jobs.schedulers.task import Task, bench_task, worker_task
from medtui.jobs.tracker import END_SECONDS, TrackerProcess, start_trackers
from medtui.preset import Preset
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ownership.claim import Fence, Superseded, unfenced
from medtui.runs.ownership.liveness import SilenceWatch
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.queue_request import clear_queued, queued_runs
from medtui.runs.waiting_note import WaitingNote

POLL_SECONDS = 0.2
"""Time between two checks of the jobs."""


class Supervisor:
    """Executes a study: its runs, its searches and its benchmark."""

    def __init__(self, study: StudyFolder, preset: Preset, scheduler: Scheduler) -> None:
        self.study = study
        self.preset = preset
        self._scheduler = scheduler
        self._waiting = WaitingNote(study)
        self._jobs: list[Job] = []
        self._restarts: dict[Path, Restarts] = {}
        """By run, of those that are to be started again."""
        self._trackers: list[TrackerProcess] = []
        self._given_up = set[Path]()
        """Samples that ended without a result; `resume` tries them again."""
        self._num_requests = 0
        self._superseded = ""
        """Why this supervisor must not start anything any more; empty while it may."""
        self._fence: Fence = unfenced
        self._silence = SilenceWatch([])

    def obey(self, lock: FolderLock, silence: SilenceWatch) -> None:
        """Stop where the folder asks for it; start nothing once another supervisor has taken it."""
        self._silence = silence
        self._fence = lock.claim.check
        lock.heartbeat.on_stop = self._count_request
        lock.heartbeat.on_superseded = self._note_superseded

    def execute(self) -> int:
        """Execute what is unfinished of reference, grid, searches, benchmark; return the status.

        Raises:
            Superseded: another supervisor has taken the study over. Workers that are running
                continue, unless they are superseded themselves.
        """
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._count_request())
        runs = plan_runs(self.study, self.preset)
        retire_lost_references(self.study, self.preset, runs)
        sweep(self.study)
        self._run_references([run for run in runs if run.is_reference])
        is_search_over = False
        trained = {run for run in runs if run.is_reference and is_finished(run)}
        compressed = [run for run in runs if not run.is_trained and run.reference in trained]
        self._run_all(compressed)
        if is_finished(self.study.reference):
            try:
                is_search_over = self._search()
            except Superseded:
                raise
            except (MedtuiError, OSError) as error:
                _report(str(error))
            if any(run.is_compressed and is_finished(run) for run in self.study.runs()):
                self._run_all([run for run in runs if run.is_scratch])
            self._bench()
        self._await_trackers()
        return 0 if is_search_over and all(map(is_finished, runs)) else 1

    def _run_all(self, runs: list[RunFolder]) -> None:
        unfinished = (run for run in runs if not is_finished(run))
        waiting = deque(run for run in unfinished if not self._adopt(run))
        while self._jobs or (waiting and not self._is_stopping):
            if self._superseded:
                raise Superseded(self._superseded)
            while waiting and not self._is_stopping and self._start(waiting[0]):
                waiting.popleft()
            self._scheduler.refresh()
            self._note_waiting()
            for job in list(self._jobs):
                if self._check(job):
                    waiting.appendleft(job.run)
            if not self._jobs and not waiting:
                waiting.extend(queued_runs(runs))
            time.sleep(POLL_SECONDS)

    def _adopt(self, run: RunFolder) -> bool:
        """Look after the job of a run that an earlier supervisor started, if there is one."""
        handle = self._scheduler.reattach(worker_task(run, self.preset))
        if handle is not None:
            self._jobs.append(Job(run, handle))
        return handle is not None

    def _note_waiting(self) -> None:
        """Note for whom or what a study without a running run waits."""
        states = [job.handle.state for job in self._jobs]
        reason = self._scheduler.waiting_for
        if any(not isinstance(state, Waiting) for state in states):
            reason = ""
        elif states and not reason:
            reason = next((f"{self._scheduler.name}: {state.reason}" for state in states
                           if isinstance(state, Waiting) and state.reason), "")  # fmt: skip
        self._waiting.set(reason)

    def _run_references(self, references: list[RunFolder]) -> None:
        """Run the references, side by side where they leave cores free."""
        alone = num_references_alone(
            self.preset, len(references), shares_cores=self._scheduler.shares_cores
        )
        for reference in references[:alone]:
            self._run_all([reference])
        self._run_all(references[alone:])

    def _search(self) -> bool:
        """Run the searches' samples, one of each at a time; return whether all are over."""
        if self.preset.search is None:
            return True
        if self._is_stopping:
            return False
        from medtui.search.study import StudySearch  # imports numpy and scikit-learn

        search = StudySearch(self.study, self.preset, self.preset.search)
        timed = set[Path]()  # a failed benchmark is repeated only by `resume`
        while not self._is_stopping:
            self._fence()
            unmeasured = [run for run in search.unmeasured() if run.path not in timed]
            self._time(unmeasured)
            timed |= {run.path for run in unmeasured}
            cells = search.next_cells()
            runs = [plan_run(self.study, self.preset, cell) for cell in cells]
            untried = [run for run in runs if run.path not in self._given_up]
            if not untried:
                return not runs
            self._run_all(untried)
            self._given_up |= {run.path for run in untried if not is_finished(run)}
        return False

    @property
    def _is_stopping(self) -> bool:
        return self._num_requests > 0

    def _count_request(self, _reason: str = "") -> None:
        self._num_requests += 1

    def _note_superseded(self, reason: str) -> None:
        self._superseded = reason

    def _start(self, run: RunFolder) -> bool:
        """Start a run if there is room; return whether there was."""
        self._fence()
        restarts = self._restarts.get(run.path, Restarts())
        task = worker_task(
            run, self.preset,
            silent_stamp=self._silence.silent_stamp(run.lock),
            after_signal=restarts.killed_by,
        )  # fmt: skip
        handle = self._scheduler.start(task)
        if handle is None:
            return False
        clear_queued(run)
        self._restarts.pop(run.path, None)
        self._jobs.append(Job(run, handle, restarts))
        return True

    def _check(self, job: Job) -> bool:
        """Look at a job; return whether its run is to be started again."""
        state = job.handle.state
        if job.trackers is None and not isinstance(state, Waiting):
            job.trackers = start_trackers(job.run, self.preset.track)
        match state:
            case Waiting() | Running():
                if self._is_stopping:
                    job.stop(is_urgent=self._num_requests > 1)
                return False
            case Ended() | Vanished():
                return self._end(job)
            case _:
                assert_never(state)

    def _end(self, job: Job) -> bool:
        """Release the trackers of a job that is over; return whether its run is started again."""
        for tracker in job.trackers or ():
            tracker.release()
        self._trackers += job.trackers or ()
        self._jobs.remove(job)
        restarts = None if self._is_stopping else job.next_start()
        if restarts is not None:
            self._restarts[job.run.path] = restarts
        return restarts is not None

    def _bench(self) -> None:
        """Benchmark the finished models once, where the preset enables it."""
        runs = benchmarked_runs(self.study)
        if self.preset.bench.enabled and not all(run.bench.is_file() for run in runs):
            self._time(runs)

    def _time(self, runs: list[RunFolder]) -> None:
        """Benchmark models beside the reference; a failure is reported and fails no run."""
        if self._is_stopping or not runs:
            return
        self._fence()
        try:
            is_done = self._run_bench(bench_task(self.study, runs, self.preset))
        except Superseded:
            raise
        except (MedtuiError, OSError) as error:
            _report(f"The benchmark failed: {error} See {self.study.bench_log}.")
            return
        if not is_done:
            _report(f"The benchmark failed. See {self.study.bench_log}.")

    def _run_bench(self, task: Task) -> bool:
        """Benchmark models where the scheduler finds room; return False where it failed.

        Raises:
            MedtuiError, OSError: as `Scheduler.start`.
        """
        handle = self._scheduler.reattach(task)
        is_stopped = False
        while True:
            if self._superseded:
                raise Superseded(self._superseded)
            handle = handle or (None if self._is_stopping else self._scheduler.start(task))
            self._scheduler.refresh()
            match handle and handle.state:
                case Ended(status):
                    return status == 0 or is_stopped
                case Vanished():
                    return False
                case None if self._is_stopping:
                    return True
                case _:
                    pass
            if handle is None:
                self._waiting.set(self._scheduler.waiting_for)
            elif self._is_stopping and not is_stopped:
                is_stopped = True
                handle.stop()
            time.sleep(POLL_SECONDS)

    def _await_trackers(self) -> None:
        """Wait for the trackers, so that a study that has ended has its archives."""
        deadline = time.monotonic() + END_SECONDS
        for tracker in self._trackers:
            tracker.wait(deadline - time.monotonic())


def _report(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - goes to supervisor.log
