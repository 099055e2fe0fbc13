"""The scheduler `slurm`: one job of a cluster for each run, by `sbatch`, `squeue` and `scancel`.

Slurm places the jobs, and starts one again by itself when its node fails or it is preempted; the
worker then continues from its last checkpoint. The runs folder is at the same path on all nodes.
"""

import secrets
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medtui import __version__
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import Ended, Place, Vanished
from medtui.jobs.schedulers.slurm_job import SlurmJob
from medtui.jobs.schedulers.slurm_listing import Listing, list_jobs
from medtui.jobs.schedulers.slurm_programs import call, is_unreachable, may_pass, submit
from medtui.jobs.schedulers.slurm_queue import SlurmQueue
from medtui.jobs.schedulers.slurm_script import SCRIPT_NAME, job_name, job_script
from medtui.jobs.schedulers.task import Task
from medtui.preset import MachineSettings, SlurmSettings
from medtui.runs.atomic_file import publish_text
from medtui.runs.job_record import JobRecord, read_job, write_job
from medtui.runs.ownership.claim import Fence
from medtui.user_folders import expand_home

RETRY_SECONDS = 30.0
"""Time until a submission is tried again that Slurm refused for now.

One that was not answered is tried again as soon as the queue can be listed.
"""

ANSWER_SECONDS = 2.0
"""How long a submission is waited for before it is asked after later.

Without a controller `sbatch` takes 9 to 15 s to fail, and a minute without munge.
"""

_UNNAMED_LIMIT = "sbatch failed: Batch job submission failed: Job violates accounting/QOS policy"
"""What versions before 20.11 say, whether the number of jobs is at its limit or their size."""


@dataclass(frozen=True)
class _Submission:
    """A job that `sbatch` is submitting in a thread, or whose answer nobody has taken yet."""

    record: JobRecord
    """As it was written before."""
    answer: Future[str]
    """The job's identifier."""


class SlurmScheduler:
    """Submits jobs as far as the preset's `slurm.max_jobs` allows."""

    name = "slurm"
    shares_cores = False

    def __init__(
        self,
        machine: MachineSettings,
        settings: SlurmSettings,
        fence: Fence,
        queue: SlurmQueue | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fence` guards what is written into run folders."""
        self._refusal = ""
        """Why the last submission was refused for now; empty if it was accepted."""
        self._device, self._settings, self._fence = machine.device, settings, fence
        self._max_jobs = min(machine.workers or settings.max_jobs, settings.max_jobs)
        self._queue = queue or SlurmQueue()
        self._clock = clock
        self._retry_at = float("-inf")
        self._jobs: list[SlurmJob] = []
        self._unsure: dict[Path, float] = {}
        """Folder to the time of a submission that may have been accepted although it failed."""
        self._submissions: dict[Path, _Submission] = {}
        """By folder; one at a time is unanswered."""
        self._thread = ThreadPoolExecutor(1, "sbatch")
        self._first: Listing | None = None

    @property
    def waiting_for(self) -> str:
        """Why Slurm does not answer, or accepts no job."""
        said = self._queue.problem or self._refusal
        if self._is_submitting and not said:
            said = "sbatch has not answered yet"
        return f"slurm: {said}" if said else ""

    def start(self, task: Task) -> SlurmJob | None:
        """Submit a job; None where the study has as many as it may, or Slurm refuses it for now.

        None also while Slurm does not answer: the call goes on in a thread, and is asked after when
        the same task is started again.
        """
        if task.folder not in self._submissions:
            record = self._record_of(task) if self._has_room() else None
            if record is None or record.id:
                return None if record is None else self._follow(task, record)
            self._submit(task, record)
        record = self._accepted(task.folder)
        return None if record is None else self._follow(task, record)

    def reattach(self, task: Task) -> SlurmJob | None:
        """Return the job of an earlier supervisor: by its identifier, or by the token in its name.

        Raises:
            EnvironmentProblem: the queue cannot be listed.
        """
        record = read_job(task.folder)
        if record is None or record.scheduler != self.name or not record.is_alive:
            return None
        if self._first is None:
            self._first = list_jobs()
        name = job_name(task, record.token)
        line = self._first.of(record.id, name) or self._first.named(name)
        if line is None or line.is_over:
            return None
        return self._follow(task, msgspec.structs.replace(record, id=line.id))

    def refresh(self) -> None:
        """Take over what the latest listing says."""
        self._queue.want(is_wanted=bool(self._jobs or self._unsure))
        for job in list(self._jobs):
            job.look(self._queue.listing)
            if isinstance(job.state, Ended | Vanished):
                self._jobs.remove(job)

    def places(self) -> list[Place]:
        """Return the nodes of the partition."""
        partition = self._settings.partition
        asked = [f"--partition={partition}"] if partition else []
        text = call(["sinfo", "--noheader", "--Node", "--format=%N %P", *asked])
        lines = dict.fromkeys(line.strip() for line in text.splitlines() if line.strip())
        return [Place(line.replace("*", ""), "auto", 0) for line in lines]

    def close(self) -> None:
        """End the threads; jobs go on, but for one that `sbatch` is still submitting."""
        for folder, submission in self._submissions.items():
            self._withdraw(folder, submission)
        self._thread.shutdown()
        self._queue.close()

    @property
    def _is_submitting(self) -> bool:
        return not all(each.answer.done() for each in self._submissions.values())

    def _has_room(self) -> bool:
        """Return whether another job may be submitted now."""
        is_full = len(self._jobs) + len(self._submissions) >= self._max_jobs
        return not (is_full or self._is_submitting or self._clock() < self._retry_at)

    def _record_of(self, task: Task) -> JobRecord | None:
        """Return the record of a task that is to be submitted; None where it may not be yet.

        After a submission of which it is not known whether it was accepted, the next listing tells;
        then the record may have an identifier.
        """
        failed_at = self._unsure.get(task.folder)
        if failed_at is not None and (earlier := read_job(task.folder)) is not None:
            listing = self._queue.listing
            if listing is None or listing.asked_at <= failed_at:
                return None
            del self._unsure[task.folder]
            if (line := listing.named(job_name(task, earlier.token))) is not None:
                return msgspec.structs.replace(earlier, id=line.id)
        asked = self._settings.python
        python = str(expand_home(asked)) if asked else sys.executable
        return JobRecord(self.name, secrets.token_hex(4), python=python, version=__version__)

    def _submit(self, task: Task, record: JobRecord) -> None:
        """Let `sbatch` submit a task, and wait for its answer for a moment."""
        name = job_name(task, record.token)
        script = job_script(
            task, self._settings, name=name, device=self._device, python=record.python
        )
        write_job(task.folder, record, self._fence)
        publish_text(task.folder / SCRIPT_NAME, script, self._fence)
        answer = self._thread.submit(submit, task.folder)
        self._submissions[task.folder] = _Submission(record, answer)
        wait([answer], ANSWER_SECONDS)

    def _accepted(self, folder: Path) -> JobRecord | None:
        """Return the record of a job that is accepted; None without an answer, or where refused.

        Raises:
            EnvironmentProblem: it is refused for good.
        """
        submission = self._submissions[folder]
        if not submission.answer.done():
            return None
        del self._submissions[folder]
        try:
            identifier = submission.answer.result()
        except EnvironmentProblem as error:
            if not may_pass(error.message) and not self._is_at_limit(error.message):
                raise
            self._unsure[folder] = self._clock()
            if not is_unreachable(error.message):
                self._retry_at = self._clock() + RETRY_SECONDS
            self._refusal = error.message
            return None
        self._refusal = ""
        return msgspec.structs.replace(submission.record, id=identifier, state="waiting")

    def _withdraw(self, folder: Path, submission: _Submission) -> None:
        """Cancel a job that is accepted while its study stops, and follows it no more.

        Where another supervisor has taken the study over, the job is that one's.
        """
        with suppress(EnvironmentProblem, OSError):
            identifier = submission.answer.result()
            self._fence()
            self._queue.cancel(identifier)
            cancelled = msgspec.structs.replace(
                submission.record, id=identifier, state="ended", reason="CANCELLED"
            )
            write_job(folder, cancelled, self._fence)

    def _is_at_limit(self, message: str) -> bool:
        """Return whether a limit may be meant that Slurm does not name, and jobs of ours reach."""
        return bool(self._jobs) and _UNNAMED_LIMIT in message

    def _follow(self, task: Task, record: JobRecord) -> SlurmJob:
        job = SlurmJob(task, record, self._fence, self._queue, self._clock)
        self._jobs.append(job)
        return job
