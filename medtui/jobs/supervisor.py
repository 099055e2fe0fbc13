"""A study's process: starts its runs where its scheduler places them. Imports no torch.

`python -m medtui.jobs.supervisor STUDY_FOLDER` runs the references, then the grid, then what the
searches request, then the network from scratch. It writes the presets of run folders and the
searches' findings; events are in the runs' own logs.
"""

import argparse
import sys
from pathlib import Path

from medtui.errors import MedtuiError
from medtui.fork_server import ForkServer
from medtui.jobs.schedulers.choice import open_scheduler
from medtui.jobs.standby import await_study
from medtui.jobs.study_supervisor import Supervisor
from medtui.preset import parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.liveness import SilenceWatch
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.waiting_note import WaitingNote
from medtui.upgrade import RESUME_HINT, explain_missing_module


def _report(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - goes to supervisor.log


def _supervise(
    study: StudyFolder, lock: FolderLock, silence: SilenceWatch, server: ForkServer | None
) -> int:
    """Execute the study whose lock this process holds; return the exit status.

    `server` is a fork server that runs already.

    Raises:
        MedtuiError: its preset cannot be read, or another supervisor has taken it over.
    """
    preset = parse_preset(read_text(study.preset), str(study.preset))
    scheduler = open_scheduler(preset, lock.claim.check, server)
    try:
        supervisor = Supervisor(study, preset, scheduler)
        supervisor.obey(lock, silence)
        return supervisor.execute()
    finally:
        WaitingNote(study).set("")
        scheduler.close()


def main() -> int:
    """Run the supervisor of one study folder."""
    parser = argparse.ArgumentParser(prog="python -m medtui.jobs.supervisor", description=__doc__)
    parser.add_argument("folder", nargs="?", default="", help="none: it follows on stdin")
    parser.add_argument("--guest", type=int, default=-1, help="socket for the fork server")
    parser.add_argument("--modules", nargs="*", default=[], help="what the fork server imports")
    arguments = parser.parse_args()
    folder, server = arguments.folder, None
    if not folder:
        folder, server = await_study(arguments.guest, arguments.modules, _report)
        if not folder:
            return 0
    study = StudyFolder(Path(folder).resolve())
    try:
        silence = SilenceWatch(run.lock for run in study.runs())
        with FolderLock(study.lock) as lock:
            return _supervise(study, lock, silence, server)
    except ImportError as error:
        upgraded = explain_missing_module(error)
        if upgraded is None:
            raise
        _report(f"{upgraded.message} {RESUME_HINT}")
        return upgraded.exit_code
    except MedtuiError as error:
        _report(str(error))
        return error.exit_code
    finally:
        if server is not None:
            server.close()


if __name__ == "__main__":
    sys.exit(main())
