"""State of a run, derived from its folder when it is read; not stored."""

import os
from typing import Literal

from medtui.events import RunFailed, RunFinished, RunStopped
from medtui.runs.folder import RunFolder
from medtui.runs.history import History

Status = Literal["queued", "running", "finished", "stopped", "failed", "crashed"]
"""`crashed`: the worker ended without a final event; such a run can be resumed."""

FORMER_STATUSES: dict[str, Status] = {"lost": "crashed"}
"""Names of states in earlier versions, which a typed filter may still use."""


def status_of(run: RunFolder, history: History, *, is_held: bool) -> Status:
    """Return a run's state according to its log and whether a worker holds its lock."""
    if os.path.isfile(run.result):  # noqa: PTH113 - an unreadable folder proves no completion and raises nothing
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
        case None:
            return "crashed" if history.num_records else "queued"
