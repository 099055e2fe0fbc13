"""Slurm's programs without a cluster: `sbatch`, `squeue` and `scancel` as callers see them."""

import re
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import slurm_programs, slurm_queue
from medtui.jobs.schedulers.slurm import SlurmScheduler
from medtui.jobs.schedulers.slurm_queue import SlurmQueue
from medtui.jobs.schedulers.task import Task, worker_task
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.claim import unfenced


class ScriptedSlurm:
    """A queue that a test changes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: dict[str, list[str]] = {}
        """Identifier to word, reason, nodes and name."""
        self.refusal = ""
        """What `sbatch` says instead of accepting a job."""
        self.accepts_silently = False
        """Whether `sbatch` fails although the job is accepted."""
        self.is_down = False
        self.answers = threading.Event()
        """Cleared, `sbatch` waits until it is set."""
        self.answers.set()
        self.is_refusing_release = False
        self.commands: list[list[str]] = []
        monkeypatch.setattr(slurm_programs, "call", self.call)

    def call(
        self, command: Sequence[str], folder: Path | None = None, *, withheld: Collection[str] = ()
    ) -> str:
        """Answer as the program would."""
        self.commands.append(list(command))
        self.withheld = withheld
        if self.is_down:
            raise EnvironmentProblem(f"{command[0]} failed: Unable to contact slurm controller.")
        match command[0]:
            case "sbatch":
                self.answers.wait()
                return self._submit(folder or Path())
            case "scancel":
                for each in command[1:]:
                    if each in self.lines:
                        self.lines[each][:2] = ["CANCELLED", "None"]
                return ""
            case "scontrol" if self.is_refusing_release:
                raise EnvironmentProblem("scontrol failed: Access/permission denied.")
            case "scontrol":
                for each in command[2:]:
                    self.lines[each][:2] = ["PENDING", "None"]
                return ""
            case _:
                return "".join(f"{each}|{'|'.join(line)}\n" for each, line in self.lines.items())

    def become(self, job: str, word: str, reason: str = "None", nodes: str = "") -> None:
        """Change what is listed of a job."""
        self.lines[job][:3] = [word, reason, nodes]

    def count(self, program: str) -> int:
        """Return how often a program was called."""
        return sum(command[0] == program for command in self.commands)

    def _submit(self, folder: Path) -> str:
        name = re.search(r"--job-name=(\S+)", (folder / "job.sh").read_text())
        assert name is not None
        if not self.refusal or self.accepts_silently:
            job = str(100 + len(self.lines))
            self.lines[job] = ["PENDING", "Resources", "", name[1]]
        if self.refusal:
            raise EnvironmentProblem(f"sbatch failed: {self.refusal}.")
        return f"{job};cluster\n"


class ListedQueue(slurm_queue.SlurmQueue):
    """A queue that is listed when the test says so, and cancels at once."""

    def update(self) -> None:
        """List the jobs now."""
        time.sleep(0.001)  # clocks are not finer everywhere
        self._list()

    def _wake(self) -> None:
        self._serve_requests()


def preset_of(lines: str = "") -> Preset:
    """Return a preset for Slurm."""
    text = 'name = "s"\n[data]\ncard = "demo"\n[machine]\nscheduler = "slurm"\n[slurm]\n'
    return parse_preset(f"{text}{lines}\n", "s")


def scheduler_of(queue: SlurmQueue, lines: str = "", **more: object) -> SlurmScheduler:
    """Return a study's scheduler, as a new supervisor has it."""
    preset = preset_of(lines)
    return SlurmScheduler(preset.machine, preset.jobs, unfenced, queue, **more)


def tasks_in(folder: Path, count: int) -> list[Task]:
    """Return tasks of runs whose folders exist."""
    runs = [StudyFolder(folder / "s").run(f"prune-0.{number}") for number in range(1, count + 1)]
    for run in runs:
        run.path.mkdir(parents=True)
    return [worker_task(run, preset_of()) for run in runs]
