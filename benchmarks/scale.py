"""Measure the supervisor's policy on large studies, with a scheduler that only pretends.

Run it from the repository:

    python -m benchmarks.scale policy FOLDER 100000 1000    cells, slots
    python -m benchmarks.scale plan FOLDER 10000            folders and presets of a new study

`policy` executes a study with the code of the supervisor. Time is simulated: a second of the
supervisor's sleep is a second of the runs. Runs take 60 to 180 s; of 100 starts 3 fail, 2 are
killed, 2 lose their node and 5 are preempted, which puts them back into the queue for two minutes
with what they have done. A finished run has a result.json; the time that the pretending takes is
not counted. `FOLDER` is made, and needs 1 GB for 100,000 cells.
"""

import heapq
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from medtui.jobs import study_supervisor
from medtui.jobs.planning import plan_runs
from medtui.jobs.schedulers import Ended, JobState, Place, Running, Task, Vanished, Waiting
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import RunFolder, StudyFolder

SHORTEST_S, LONGEST_S = 60.0, 180.0

PREEMPTED_S = 120.0

FATES = {"fails": 0.03, "is killed": 0.02, "loses its node": 0.02, "is preempted": 0.05}
"""Share of starts that do not simply finish."""

PRESET = """
schema = 2
name = "large"
[data]
card = "demo"
[compress]
schemes = ["Prune"]
densities = [{densities}]
seeds = [{seeds}]
control = false
[machine]
workers = 0
threads = 1
reference_threads = 1
"""

PER_DENSITY = 1000
"""Seeds, and so cells, of one density."""


class Clock:
    """The time of the simulation; it takes the place of the module `time` in the supervisor."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self.now


@dataclass(order=True)
class PretendedJob:
    """A job: where it is in its life, and what will become of it."""

    due: float
    """When its state changes next."""
    task: Task = field(compare=False)
    seconds: float = field(compare=False)
    """Computing that is left."""
    fate: str = field(compare=False)
    state: JobState = field(compare=False, default_factory=lambda: Running("node"))

    def stop(self) -> None:
        """Nobody stops these studies."""

    def kill(self) -> None:
        """Nobody kills these jobs."""


class PretendedScheduler:
    """So many slots, whose jobs end by the simulated clock."""

    name = "pretended"
    shares_cores = False

    def __init__(self, clock: Clock, num_slots: int, seed: int = 0) -> None:
        self.waiting_for = ""
        self.counts = Counter[str]()
        self.busy_s = 0.0
        """Simulated seconds of computing, over all slots."""
        self.idle_s = 0.0
        """Simulated seconds that free slots waited for a start, over all slots, from the end of the
        reference on: before, there is nothing else to start."""
        self.started_at = list[float]()
        self.spent_s = 0.0
        """Processor seconds of the pretending."""
        self._clock, self._rng = clock, random.Random(seed)  # noqa: S311 - pretends
        self._events = list[PretendedJob]()
        self._freed_at = [0.0] * num_slots

    def start(self, task: Task) -> PretendedJob | None:
        """Start a job where a slot is free."""
        with self._uncounted():
            if not self._freed_at:
                return None
            freed_at = self._freed_at.pop()
            if not RunFolder(task.folder).is_reference:
                self.idle_s += self._clock.now - freed_at
            self.started_at.append(self._clock.now)
            seconds = self._rng.uniform(SHORTEST_S, LONGEST_S)
            job = PretendedJob(0.0, task, seconds, self._draw())
            self._run(job)
            self.counts["starts"] += 1
            return job

    def reattach(self, task: Task) -> None:
        """Find no job: the study is new."""

    def refresh(self) -> None:
        """Let all happen that is due."""
        with self._uncounted():
            while self._events and self._events[0].due <= self._clock.now:
                self._happen(heapq.heappop(self._events))

    def places(self) -> list[Place]:
        """Return none; nobody asks."""
        return []

    def close(self) -> None:
        """There is nothing to let go."""

    def _draw(self) -> str:
        drawn, threshold = self._rng.random(), 0.0
        for fate, share in FATES.items():
            threshold += share
            if drawn < threshold:
                return fate
        return "finishes"

    def _run(self, job: PretendedJob) -> None:
        """Let a job compute until it ends, or until its fate meets it half-way."""
        seconds = job.seconds if job.fate == "finishes" else job.seconds / 2
        job.due, job.state = self._clock.now + seconds, Running("node")
        job.seconds -= seconds
        self.busy_s += seconds
        heapq.heappush(self._events, job)

    def _happen(self, job: PretendedJob) -> None:
        run = RunFolder(job.task.folder)
        if isinstance(job.state, Waiting):  # its two minutes are over
            self._run(job)
            return
        self.counts[job.fate] += 1
        if job.fate == "is preempted":
            job.fate, job.due = "finishes", self._clock.now + PREEMPTED_S
            job.state = Waiting("preempted")
            heapq.heappush(self._events, job)
            return
        match job.fate:
            case "finishes":
                run.result.write_bytes(b"{}")
                job.state = Ended(0)
            case "fails":
                job.state = Ended(1)
            case "is killed":
                job.state = Ended(-9)
            case _:
                job.state = Vanished("NODE_FAIL")
        self._freed_at.append(job.due)
        if run.is_reference:
            self._freed_at = [job.due] * len(self._freed_at)

    @contextmanager
    def _uncounted(self) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent_s += time.process_time() - began


def preset_of(num_cells: int) -> Preset:
    """Return a preset whose grid has so many cells."""
    count = max(1, num_cells // PER_DENSITY)
    densities = ", ".join(f"{(place + 1) / (count + 1):.6g}" for place in range(count))
    seeds = ", ".join(map(str, range(min(num_cells, PER_DENSITY))))
    return parse_preset(PRESET.format(densities=densities, seeds=seeds), "benchmark")


def measure_plan(folder: Path, num_cells: int) -> None:
    """Make a study's folders, and read what a supervisor reads of them before its first start."""
    preset, study = preset_of(num_cells), StudyFolder(folder)
    folder.mkdir(parents=True)
    began, busy = time.perf_counter(), time.process_time()
    runs = plan_runs(study, preset)
    spent, waited = time.process_time() - busy, time.perf_counter() - began
    print(f"planned {len(runs)} runs: {1e3 * spent / len(runs):.2f} ms of processor time each, "
          f"{waited:.0f} s in all")  # fmt: skip
    began = time.process_time()
    assert len(study.runs()) == len(runs)
    print(f"read in order: {1e3 * (time.process_time() - began) / len(runs):.3f} ms each")


def measure_policy(folder: Path, num_cells: int, num_slots: int) -> None:
    """Execute a study of so many cells on so many slots."""
    preset, study, clock = preset_of(num_cells), StudyFolder(folder), Clock()
    make_folders(study, preset)
    study_supervisor.time = clock  # type: ignore[assignment, attr-defined] # the simulation
    study_supervisor.plan_runs = lambda *_: study.runs()  # type: ignore[attr-defined] # see `plan`
    scheduler = PretendedScheduler(clock, num_slots)
    supervisor = study_supervisor.Supervisor(study, preset, scheduler)
    began = time.process_time()
    supervisor.execute()
    spent = time.process_time() - began - scheduler.spent_s
    report(scheduler, clock, spent, num_cells, num_slots)


def make_folders(study: StudyFolder, preset: Preset) -> None:
    """Make the folders of a study without the presets of its runs, which nobody reads here."""
    from medtui.preset import dump_preset, expand_grid

    study.path.mkdir(parents=True)
    study.preset.write_text(dump_preset(preset), encoding="utf-8")
    names = ["reference", *(cell.slug for cell in expand_grid(preset))]
    for name in names:
        run = study.run(name)
        run.path.mkdir()
        run.preset.touch()


def report(
    scheduler: PretendedScheduler, clock: Clock, spent_s: float, num_cells: int, num_slots: int
) -> None:
    """Print what was found."""
    starts = scheduler.counts["starts"]
    counts = ", ".join(f"{scheduler.counts[fate]} {fate}" for fate in FATES)
    lost = scheduler.idle_s / (scheduler.idle_s + scheduler.busy_s)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    least = scheduler.busy_s / num_slots
    print(f"{num_cells} cells on {num_slots} slots: {starts} starts ({counts}), "
          f"{clock.now:.0f} simulated seconds where {least:.0f} are the least")  # fmt: skip
    print(f"processor: {1e3 * spent_s / starts:.3f} ms a start, "
          f"{100 * spent_s / clock.now:.2f} % of a core; {memory:.0f} MiB")  # fmt: skip
    print(f"free slots waited {scheduler.idle_s / starts:.3f} s for a start: {100 * lost:.2f} %")
    print(f"tail, from the last start to the end: {clock.now - scheduler.started_at[-1]:.0f} s")


def main(arguments: list[str]) -> None:
    """Run one measurement."""
    match arguments:
        case ["plan", folder, cells]:
            measure_plan(Path(folder), int(cells))
        case ["policy", folder, cells, slots]:
            measure_policy(Path(folder), int(cells), int(slots))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
