"""What a scheduler starts: the worker of a run, or the benchmark of a study."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtui.preset import Preset
from medtui.runs.folder import RunFolder, StudyFolder

WORKER = "medtui.worker"
BENCH = "medtui.jobs.bench_job"


@dataclass(frozen=True)
class Task:
    """A process: `python -m MODULE FOLDER ARGUMENT...`."""

    module: str
    folder: Path
    """Folder of the run or the study, its first argument; what the scheduler keeps is there."""
    arguments: tuple[str, ...]
    """Further arguments; the scheduler adds `--device`."""
    name: str
    """`study/run`, for lists of jobs."""
    log: Path
    """Receives the output."""
    threads: int
    """CPU threads that it will have; 0 where the preset leaves it open."""

    @property
    def run(self) -> RunFolder | None:
        """The run that it computes; None for a benchmark."""
        return RunFolder(self.folder) if self.module == WORKER else None


def worker_task(
    run: RunFolder, preset: Preset, *, silent_stamp: str = "", after_signal: int = 0
) -> Task:
    """Return the task of a run.

    `silent_stamp` is that of an owner of the run that was awaited already, see `SilenceWatch`.
    `after_signal` is the number of the signal that ended the worker before, for the run's log.
    """
    arguments = ["--silent", silent_stamp] if silent_stamp else []
    if after_signal:
        arguments += ["--after-signal", str(after_signal)]
    machine = preset.machine
    threads = machine.reference_threads if run.is_trained else machine.threads
    return Task(WORKER, run.path, tuple(arguments), run.full_name, run.worker_log, threads)


def bench_task(study: StudyFolder, runs: Sequence[RunFolder], preset: Preset) -> Task:
    """Return the task that measures finished runs beside the study's reference."""
    names = tuple(run.name for run in runs)
    threads = preset.machine.reference_threads
    return Task(BENCH, study.path, names, f"{study.name}/benchmark", study.bench_log, threads)
