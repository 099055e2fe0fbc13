"""Tells Comet of runs that are over: makes archives from their logs and sends them.

Every call to comet_ml happens in a process of its own.
"""

import subprocess
import sys
from pathlib import Path

import msgspec

from medtui.child_process import child_environment
from medtui.comet.access import why_offline
from medtui.comet.state import Mode, archive_of, log_path, read_state, write_state
from medtui.errors import EnvironmentProblem, UsageError
from medtui.runs.folder import RunFolder
from medtui.runs.lock import is_held
from medtui.runs.log_reader import EventTail


def archive_run(run: RunFolder) -> Path:
    """Return the run's archive, made anew from its log where there is none that holds all of it.

    Raises:
        UsageError: the run is still at work.
        EnvironmentProblem: the archive could not be made.
    """
    _refuse_live(run)
    state, archive = read_state(run), archive_of(run)
    if (
        archive is None
        or state is None
        or state.num_records < len(EventTail(run.events).read_all())
    ):
        _tell(run, "offline")
        archive = archive_of(run)
    if archive is None:
        raise EnvironmentProblem(f"No archive was made of {run.name}; see {log_path(run)}.")
    return archive


def upload_run(run: RunFolder) -> str:
    """Send the run's archive to Comet, unless it was; give a word on what was done.

    Raises:
        UsageError: the run is still at work.
        EnvironmentProblem: there is no key, no connection, or Comet refused.
    """
    archive = archive_run(run)
    state = read_state(run)
    assert state is not None
    if state.is_uploaded:
        return "sent before"
    _refuse_offline()
    command = [sys.executable, "-m", "comet_ml.scripts.comet_upload", str(archive)]
    if _run(command, run) != 0:
        raise EnvironmentProblem(f"Comet did not take {archive}; see {log_path(run)}.")
    write_state(run, msgspec.structs.replace(state, is_uploaded=True))
    return "sent"


def sync_run(run: RunFolder) -> str:
    """Send Comet what it does not know of the run yet, without an archive; give the URL.

    Raises:
        UsageError: the run is still at work.
        EnvironmentProblem: there is no key, no connection, or Comet refused.
    """
    _refuse_live(run)
    _refuse_offline()
    _tell(run, "online")
    state = read_state(run)
    if state is None or state.mode != "online":
        reason = state.note if state else "no experiment was begun"
        raise EnvironmentProblem(f"{run.name}: {reason}; see {log_path(run)}.")
    return state.url


def _tell(run: RunFolder, mode: Mode) -> None:
    follower = [sys.executable, "-m", "medtui.comet.follower", str(run.path)]
    run.comet.mkdir(exist_ok=True)
    if _run([*follower, "--mode", mode, "--once"], run) != 0:
        raise EnvironmentProblem(f"Comet could not be told of {run.name}; see {log_path(run)}.")


def _run(command: list[str], run: RunFolder) -> int:
    with log_path(run).open("ab") as log:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            env=child_environment(),
        ).returncode


def _refuse_live(run: RunFolder) -> None:
    if is_held(run.lock):
        raise UsageError(
            f"{run.name} is still at work.", hint="Its follower tells Comet; or stop it first."
        )


def _refuse_offline() -> None:
    reason = why_offline()
    if reason:
        raise EnvironmentProblem(f"Nothing can be sent: {reason}.")
