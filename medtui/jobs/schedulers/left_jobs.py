"""Cancels jobs in a cluster's queue that have no worker yet, for `medtui stop`."""

from contextlib import suppress
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.slurm_queue import cancel
from medtui.runs.folder import StudyFolder
from medtui.runs.job_record import read_job, write_job
from medtui.runs.liveness import is_held


def cancel_job(folder: Path) -> bool:
    """Cancel the job of a run's folder; return whether there was one that waits or runs.

    Where the study has no supervisor, which would note it, the job's record is updated, too.

    Raises:
        EnvironmentProblem: the cluster did not accept it.
    """
    record = read_job(folder)
    if record is None or not record.is_alive or not record.id or record.scheduler != "slurm":
        return False
    try:
        cancel([record.id])
    except EnvironmentProblem as error:
        if "Invalid job id" not in error.message:  # it has ended, and is not listed any more
            raise
    if not is_held(StudyFolder(folder.parent).lock):
        with suppress(OSError):
            write_job(folder, msgspec.structs.replace(record, state="ended", reason="CANCELLED"))
    return True
