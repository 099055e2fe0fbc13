"""Cancels jobs in a cluster's queue that have no worker yet, for `medtui stop`."""

from contextlib import suppress
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.ray_cancel import cancel_task
from medtui.jobs.schedulers.slurm_programs import cancel
from medtui.preset import parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import StudyFolder
from medtui.runs.job_record import read_job, write_job
from medtui.runs.ownership.liveness import is_held


def cancel_job(folder: Path) -> bool:
    """Cancel the job of a run's folder; return whether there was one that waits or runs.

    Where the study has no supervisor, which would note it, the job's record is updated, too.

    Raises:
        EnvironmentProblem: the cluster did not accept it.
    """
    record = read_job(folder)
    if record is None or not record.is_alive or not record.id:
        return False
    match record.scheduler:
        case "slurm":
            _cancel_in_slurm(record.id)
        case "ray":
            cancel_task(_address_of(StudyFolder(folder.parent)), record.id)
        case _:
            return False
    if not is_held(StudyFolder(folder.parent).lock):
        with suppress(OSError):
            write_job(folder, msgspec.structs.replace(record, state="ended", reason="CANCELLED"))
    return True


def _cancel_in_slurm(identifier: str) -> None:
    try:
        cancel([identifier])
    except EnvironmentProblem as error:
        if "Invalid job id" not in error.message:  # it has ended, and is not listed any more
            raise


def _address_of(study: StudyFolder) -> str:
    preset = parse_preset(read_text(study.preset), str(study.preset))
    return preset.ray_tasks.address
