"""A study's process: starts its runs, each on a device in a worker process. Imports no torch.

`python -m medtui.jobs.supervisor STUDY_FOLDER` runs the references, then the grid, then what the
searches request, then the network from scratch. It writes the presets of run folders and the
searches' findings; events are in the runs' own logs.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

from medtui.child_process import child_environment
from medtui.errors import MedtuiError
from medtui.fork_server import ForkServer
from medtui.jobs.benchmark import bench_on, benchmarked_runs
from medtui.jobs.courtesy import Courtesy
from medtui.jobs.device_slots import Slot, find_slots, num_references_alone
from medtui.jobs.job import Job
from medtui.jobs.planning import plan_run, plan_runs, retire_lost_references, sweep
from medtui.jobs.slot_pool import SlotPool
from medtui.jobs.standby import await_study
from medtui.jobs.tracker import END_SECONDS, TrackerProcess, start_trackers
from medtui.jobs.worker_process import WorkerStarter, server_modules
from medtui.preset import Preset, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.claim import Fence, Superseded, unfenced
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.liveness import SilenceWatch
from medtui.runs.lock import FolderLock
from medtui.runs.queue_request import clear_queued, queued_runs
from medtui.runs.waiting_note import WaitingNote
from medtui.telemetry import SamplerProcess
from medtui.upgrade import RESUME_HINT, explain_missing_module

POLL_SECONDS = 0.2
"""Time between two checks of the workers."""

MAX_RESUMES = 1
"""How often a crashed worker is restarted automatically."""


class Supervisor:
    """Executes a study: its runs, its searches and its benchmark."""

    def __init__(
        self,
        study: StudyFolder,
        preset: Preset,
        slots: list[Slot],
        workers: WorkerStarter | None = None,
        courtesy: Courtesy | None = None,
    ) -> None:
        self.study = study
        self.preset = preset
        self._workers = workers or WorkerStarter()
        self._pool = SlotPool(slots, courtesy)
        self._waiting = WaitingNote(study)
        self._jobs: list[Job] = []
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
        compressible = [run for run in runs if is_finished(run.reference)]
        self._run_all([run for run in compressible if not run.is_trained])
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
        waiting = [run for run in runs if not is_finished(run)]
        while self._jobs or (waiting and not self._is_stopping):
            if self._superseded:
                raise Superseded(self._superseded)
            while waiting and (slot := self._take_slot()):
                self._jobs.append(self._start(waiting.pop(0), slot))
            for job in list(self._jobs):
                self._check(job)
            if not self._jobs and not waiting:
                waiting = queued_runs(runs)
            time.sleep(POLL_SECONDS)

    def _take_slot(self) -> Slot | None:
        """Take a slot, if there is one; note for whom a study without a running run waits."""
        if self._is_stopping or not self._workers.is_settled:
            return None
        slot = self._pool.take()
        self._waiting.set("" if self._jobs or slot else self._pool.waiting_for)
        return slot

    def _run_references(self, references: list[RunFolder]) -> None:
        """Run the references, side by side where they leave cores free."""
        alone = num_references_alone(self.preset, self._pool.free, len(references))
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

    def _start(
        self, run: RunFolder, slot: Slot, num_resumes: int = 0, after_signal: int = 0
    ) -> Job:
        self._fence()
        clear_queued(run)
        worker = self._workers.start(run, slot, self._silence.silent_stamp(run.lock), after_signal)
        sampler = SamplerProcess(
            worker.pid, run.telemetry, log=run.worker_log, devices=slot.devices
        )
        sampler.start()
        trackers = start_trackers(run, self.preset.track)
        return Job(run, slot, worker, sampler, trackers, num_resumes)

    def _check(self, job: Job) -> None:
        status = job.worker.poll()
        if status is None:
            job.sampler.ensure_alive()
            if self._is_stopping:
                job.stop(is_urgent=self._num_requests > 1)
            return
        job.sampler.stop()
        for tracker in job.trackers:
            tracker.release()
        self._trackers += job.trackers
        self._jobs.remove(job)
        if job.has_crashed and job.num_resumes < MAX_RESUMES and not self._is_stopping:
            again = self._start(job.run, job.slot, job.num_resumes + 1, job.killed_by)
            self._jobs.append(again)
        else:
            self._pool.release(job.slot)

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
            self._run_bench(runs)
        except (MedtuiError, OSError) as error:
            print(f"The benchmark failed: {error} See {self.study.bench_log}.", file=sys.stderr)  # noqa: T201 - goes to supervisor.log

    def _run_bench(self, runs: list[RunFolder]) -> None:
        """Benchmark models on a slot that others leave free; raises as `bench_on` does."""
        while (slot := self._take_slot()) is None:
            if self._superseded:
                raise Superseded(self._superseded)
            if self._is_stopping:
                return
            time.sleep(POLL_SECONDS)
        try:
            bench_on(slot, self.study, runs, self.preset, lambda: self._is_stopping)
        finally:
            self._pool.release(slot)

    def _await_trackers(self) -> None:
        """Wait for the trackers, so that a study that has ended has its archives."""
        deadline = time.monotonic() + END_SECONDS
        for tracker in self._trackers:
            tracker.wait(deadline - time.monotonic())


def _report(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - goes to supervisor.log


def _supervise(
    study: StudyFolder, lock: FolderLock, silence: SilenceWatch, server: ForkServer | None
) -> int:
    """Execute the study whose lock this process holds; return the exit status.

    `server` is a fork server that runs already.

    Raises:
        MedtuiError: its preset cannot be read, or another supervisor has taken it over.
    """
    preset = parse_preset(read_text(study.preset), str(study.preset))
    if server is None:
        server = ForkServer(server_modules(preset), child_environment(), warn=_report)
    server.start()
    try:
        slots = find_slots(preset.machine)
        courtesy = Courtesy(preset.machine, report=_report)
        supervisor = Supervisor(study, preset, slots, WorkerStarter(server), courtesy)
        supervisor.obey(lock, silence)
        return supervisor.execute()
    finally:
        WaitingNote(study).set("")
        server.close()


def main() -> int:
    """Run the supervisor of one study folder."""
    parser = argparse.ArgumentParser(prog="python -m medtui.jobs.supervisor", description=__doc__)
    parser.add_argument("folder", nargs="?", default="", help="none: it follows on stdin")
    parser.add_argument("--guest", type=int, default=-1, help="socket for the fork server")
    parser.add_argument("--modules", nargs="*", default=[], help="what the fork server imports")
    arguments = parser.parse_args()
    folder, server = arguments.folder, None
    if not folder:
        folder, server = await_study(arguments.guest, arguments.modules, _report)
        if not folder:
            return 0
    study = StudyFolder(Path(folder).resolve())
    try:
        silence = SilenceWatch(run.lock for run in study.runs())
        with FolderLock(study.lock) as lock:
            return _supervise(study, lock, silence, server)
    except ImportError as error:
        upgraded = explain_missing_module(error)
        if upgraded is None:
            raise
        _report(f"{upgraded.message} {RESUME_HINT}")
        return upgraded.exit_code
    except MedtuiError as error:
        _report(str(error))
        return error.exit_code
    finally:
        if server is not None:
            server.close()


if __name__ == "__main__":
    sys.exit(main())
