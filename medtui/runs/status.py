"""State of a run, derived from its folder when it is read; not stored."""

from typing import Literal

from medtui.events import RunFailed, RunFinished, RunStopped
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.history import History

Status = Literal["queued", "running", "finished", "stopped", "failed", "crashed", "silent"]
"""`crashed`: the worker ended without a final event; such a run can be resumed.

`silent`: the log says that it runs, on another machine or in another container, but its worker
shows no heartbeat; or the folder is a copy.
"""

FORMER_STATUSES: dict[str, Status] = {"lost": "crashed"}
"""Names of states in earlier versions, which a typed filter may still use."""


def status_of(
    run: RunFolder, history: History, *, is_held: bool, is_silent: bool = False
) -> Status:
    """Return a run's state according to its log and whether a worker owns it.

    `is_silent` states that its owner elsewhere neither signed off nor shows a heartbeat.
    """
    if is_finished(run):
        return "finished"
    if is_held:
        return "running"
    match history.ending:
        case RunFailed():
            return "failed"
        case RunStopped():
            return "stopped"
        case RunFinished():
            return "crashed"
        case None if is_silent:
            return "silent"
        case None:
            return "crashed" if history.num_records else "queued"
