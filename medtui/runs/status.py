"""State of a run, derived from its folder when it is read; not stored."""

from typing import Literal

from medtui.events import RunFailed, RunFinished, RunStopped
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.job_record import JobRecord
from medtui.runs.log.history import History

Status = Literal[
    "queued", "waiting", "running", "finished", "stopped", "failed", "crashed", "silent"
]
"""`queued`: the study starts it after other runs. `waiting`: a cluster has its job, and has not
started it yet, or will start it again.

`crashed`: the worker ended without a final event; such a run can be resumed.

`silent`: the log says that it runs, on another machine or in another container, but its worker
shows no heartbeat; or the folder is a copy.
"""

UNENDED: frozenset[Status] = frozenset({"queued", "waiting", "running"})
"""States of runs that are computed, or are about to be."""

FORMER_STATUSES: dict[str, Status] = {"lost": "crashed"}
"""Names of states in earlier versions, which a typed filter may still use."""


def status_of(
    run: RunFolder,
    history: History,
    *,
    is_held: bool,
    is_silent: bool = False,
    job: JobRecord | None = None,
    is_supervised: bool = False,
) -> Status:
    """Return a run's state according to its log and whether a worker owns it.

    `is_silent` states that its owner elsewhere neither signed off nor shows a heartbeat. `job` is
    its job in a cluster. While the study has a supervisor (`is_supervised`), which asks the cluster
    every few seconds, the cluster's word is truer than a heartbeat, or the lack of one.
    """
    if is_finished(run):
        return "finished"
    if job is not None and job.state == "waiting" and (is_supervised or not is_held):
        return "waiting"
    if job is not None and is_supervised:
        is_held = _is_held(job, history, is_held=is_held, is_silent=is_silent)
        is_silent &= job.is_alive and not is_held
    return "running" if is_held else _of_log(history, job, is_silent=is_silent)


def _is_held(job: JobRecord, history: History, *, is_held: bool, is_silent: bool) -> bool:
    """Return whether a worker owns the run whose job a cluster says is running, or over."""
    is_starting = not history.num_records
    if job.state == "running" and (is_silent or is_starting):
        return history.ending is None
    return is_held and job.is_alive


def _of_log(history: History, job: JobRecord | None, *, is_silent: bool) -> Status:
    """Return the state of a run that nobody is known to compute."""
    match history.ending:
        case RunFailed():
            return "failed"
        case RunStopped():
            return "stopped"
        case RunFinished():
            return "crashed"
        case None if is_silent:
            return "silent"
        case None if history.num_records:
            return "crashed"
        case None:
            return _of_unstarted(job)


def _of_unstarted(job: JobRecord | None) -> Status:
    """Return the state of a run without a log."""
    if job is None or job.is_alive:
        return "queued"
    return "stopped" if job.was_cancelled else "crashed"
