"""A study of a reference, a control and six compressions, and what schedulers must not change."""

import hashlib
from contextlib import suppress

import psutil

from medtui.events import RunStarted
from medtui.jobs.launcher import prepare_study
from medtui.jobs.planning import plan_runs
from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from tests.helpers.mini_study import mini_preset
from tests.helpers.study_processes import events_of, is_over

NUM_RUNS = 8


def prepare(
    runs_dir, name: str, num_runs: int = NUM_RUNS, **sections: dict[str, object]
) -> StudyFolder:
    """Return the study's folder, with those of its runs; nothing is started."""
    grid = {"schemes": ["Prune", "FilterPrune"], "densities": [0.6, 0.4, 0.2], "control": True}
    long = {"cycles": 4, "steps": 4, "batch_size": 8}
    text = mini_preset(name, **({"compress": grid, "lc": long} | sections))
    preset = parse_preset(text, "test")
    study = prepare_study(preset, runs_dir)
    runs = plan_runs(study, parse_preset(study.preset.read_text(encoding="utf-8"), "test"))
    assert len(runs) == num_runs, [run.name for run in runs]
    return study


def digests(study: StudyFolder) -> dict[str, str]:
    """Return the digest of each run's weights; all must be there."""
    return {run.name: hashlib.sha256(run.model.read_bytes()).hexdigest() for run in study.runs()}


def starts_of(run: RunFolder) -> list[RunStarted]:
    """Return the beginnings of workers with a run; the numbers of its events must have no gap."""
    return [event for event in events_of(run) if isinstance(event, RunStarted)]


def num_starts(run: RunFolder) -> int:
    """Return how many workers began with a run."""
    return len(starts_of(run))


def workers_of(study: StudyFolder) -> list[psutil.Process]:
    """Return the processes that compute runs of a study, without those that these have forked.

    Between fork and exec such a child has its parent's command line.
    """
    found = dict[int, psutil.Process]()
    parents = dict[int, int]()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if "medtui.worker" in words and any(w.startswith(f"{study.path}/") for w in words):
                parents[process.pid] = process.ppid()
                found[process.pid] = process
    return [process for pid, process in found.items() if parents[pid] not in found]


def is_through(study: StudyFolder) -> bool:
    """Return whether the study's processes have ended, with all results."""
    return is_over(study) and all(run.result.exists() for run in study.runs())
