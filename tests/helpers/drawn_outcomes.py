"""Studies and what they found, as plain values, for tests of texts and pictures."""

from dataclasses import replace

from medtui.analysis.outcome import ChosenRun, RunOutcome, StudyOutcome
from medtui.metrics import Task
from medtui.monitor.progress import Progress
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.runs.status import Status
from medtui.units import MIB, MINUS


def run_of(
    name: str, *, title: str = "", status: Status = "finished", task: Task = "single",
    val: float | None = 0.93, expected: int | None = None,
) -> RunSummary:  # fmt: skip
    """Return a run of the study `cells`."""
    return RunSummary(
        study="cells", name=name, title=title or name, status=status,
        progress=Progress("compress", 6, 8, 1, 2, None, None, 0.8), task=task, val=val, test=None,
        difference=None, asked_density=None, density=0.1, cycle=4, bytes_packed=None,
        bytes_expected=expected, curve=(), device="cpu", seconds=None, seconds_left=None,
    )  # fmt: skip


def study_of(*runs: RunSummary, name: str = "cells") -> StudySummary:
    """Return a study of these runs."""
    done = sum(run.status == "finished" for run in runs)
    return StudySummary(
        name=name, about="", note="", status="finished", num_failed=0, num_finished=done,
        num_planned=len(runs), runs=tuple(replace(run, study=name) for run in runs),
        started_at=0.0, last_at=0.0, is_live=False,
    )  # fmt: skip


def outcome_of_run(
    name: str, value: float, mib: float, change: tuple[float, float, float] | None = None
) -> RunOutcome:
    """Return a run's value and size, and its change with the ends of the interval."""
    found = RunOutcome(name, value, round(mib * MIB), None)
    if change is None:
        return found
    return replace(found, change=change[0], low=change[1], high=change[2], state="not shown")


CHOSEN = ChosenRun(
    title="PruneQuantize16 0.1",
    names=("prunequantize16-0.1",),
    smaller=12.07,
    text=f"+0.3 [{MINUS}0.3, +1.0]",
    state="non-inferior",
    detail="non-inferior",
)


def found(*runs: RunOutcome, chosen: ChosenRun | None = None, task: Task = "single",
          warnings: tuple[str, ...] = ()) -> StudyOutcome:  # fmt: skip
    """Return what a study found on 29 patients, at a margin of one point."""
    return StudyOutcome(
        task, 0.01, "control", 29, 4199, runs, chosen, has_compression=True, warnings=warnings
    )
