"""Sends finished runs to Comet: makes archives from their logs and uploads them.

Every call to comet_ml happens in a process of its own.
"""

import subprocess
import sys
from pathlib import Path

import msgspec

from medtui.child_process import child_environment
from medtui.comet.access import why_offline
from medtui.errors import EnvironmentProblem
from medtui.preset import TRACKERS
from medtui.runs.folder import RunFolder
from medtui.runs.log.reader import EventTail
from medtui.storage import open_log
from medtui.tracking.dispatch import record_run, require_ended
from medtui.tracking.state import archive_of, log_path, read_state, write_state

_COMET = next(row for row in TRACKERS if row.name == "comet")


def archive_run(run: RunFolder) -> Path:
    """Return the run's archive; make it from the log where none is complete.

    Raises:
        UsageError: the run is still running.
        EnvironmentProblem: the archive could not be made.
    """
    require_ended(run)
    state, archive = read_state(run.comet), archive_of(run.comet)
    if (
        archive is None
        or state is None
        or state.num_records < len(EventTail(run.events).read_all())
    ):
        record_run(run, _COMET, mode="offline")
        archive = archive_of(run.comet)
    if archive is None:
        raise EnvironmentProblem(
            f"Could not make an archive of {run.name}. See {log_path(run.comet)}."
        )
    return archive


def upload_run(run: RunFolder) -> str:
    """Send the run's archive to Comet unless it was sent before; return what was done.

    Raises:
        UsageError: the run is still running.
        EnvironmentProblem: no API key, no connection, or Comet refused the archive.
    """
    archive = archive_run(run)
    state = read_state(run.comet)
    assert state is not None
    if state.is_uploaded:
        return "already sent"
    _refuse_offline()
    command = [sys.executable, "-m", "comet_ml.scripts.comet_upload", str(archive)]
    if _run(command, run) != 0:
        raise EnvironmentProblem(f"Could not upload {archive}. See {log_path(run.comet)}.")
    write_state(run.comet, msgspec.structs.replace(state, is_uploaded=True))
    return "sent"


def sync_run(run: RunFolder) -> str:
    """Send what Comet does not have of the run yet, without an archive; return the URL.

    Raises:
        UsageError: the run is still running.
        EnvironmentProblem: no API key, no connection, or Comet refused the experiment.
    """
    require_ended(run)
    _refuse_offline()
    record_run(run, _COMET)
    state = read_state(run.comet)
    if state is None or state.mode != "online":
        reason = state.note if state else "no experiment was started"
        raise EnvironmentProblem(f"Could not send {run.name}: {reason}. See {log_path(run.comet)}.")
    return state.url


def _run(command: list[str], run: RunFolder) -> int:
    with open_log(log_path(run.comet)) as log:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            env=child_environment(),
        ).returncode


def _refuse_offline() -> None:
    reason = why_offline()
    if reason:
        raise EnvironmentProblem(f"Could not send to Comet: {reason}.")
