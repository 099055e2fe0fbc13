"""Records runs with a tracker after they have ended, from their logs."""

import subprocess
import sys
from collections.abc import Sequence

from medtui.child_process import child_environment, last_line
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import TrackerRow
from medtui.runs.folder import RunFolder
from medtui.runs.ownership.liveness import is_held
from medtui.storage import open_log, read_tail
from medtui.tracking.state import Mode, log_path, read_state

_TAIL_BYTES = 64 * 1024
"""How much of the follower's output is searched for its last line."""


def require_ended(run: RunFolder) -> None:
    """Do nothing where no worker runs.

    Raises:
        UsageError: one does.
    """
    if is_held(run.lock):
        raise UsageError(
            f"{run.name} is still running.", hint="Wait for it to end, or stop it first."
        )


def record_run(
    run: RunFolder, tracker: TrackerRow, overrides: Sequence[str] = (), mode: Mode = "online"
) -> str:
    """Record what a tracker does not have of a run yet; return where it is, if the tracker says.

    `overrides` are `KEY=VALUE` settings that replace those of the run's preset.

    Raises:
        UsageError: the run is still running.
        EnvironmentProblem: the tracker's library is missing, or the record is not complete.
    """
    require_ended(run)
    folder = run.tracker(tracker.name)
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", tracker.module, str(run.path), "--mode", mode, "--once"]
    for override in overrides:
        command += ["--set", override]
    with open_log(log_path(folder)) as log:
        log_start = log.seek(0, 2)
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
            env=child_environment(),
        )  # fmt: skip
    if done.returncode != 0:
        num_new = max(0, log_path(folder).stat().st_size - log_start)
        tail = read_tail(log_path(folder), min(num_new, _TAIL_BYTES))
        last = last_line(tail) or "it ended without a reason"
        raise EnvironmentProblem(
            f"Could not record {run.full_name} with {tracker.label}: {last}",
            hint=f"See {log_path(folder)}.",
        )
    state = read_state(folder)
    return state.url if state else ""
