"""Requests to start a run again while its study is live: an empty file `queued` in its folder.

The supervisor looks for them once no other run is waiting.
"""

from collections.abc import Sequence

from medtui.errors import EnvironmentProblem
from medtui.runs.completion import is_finished
from medtui.runs.folder import RunFolder


def queue_run(run: RunFolder) -> None:
    """Ask the study's supervisor to start a run again after the others.

    Raises:
        EnvironmentProblem: the folder cannot be written.
    """
    try:
        run.queued.touch()
    except OSError as error:
        raise EnvironmentProblem(
            f"{run.full_name} could not be queued: {run.queued} cannot be written "
            f"({error.strerror})."
        ) from error


def queued_runs(runs: Sequence[RunFolder]) -> list[RunFolder]:
    """Return those of the runs that are to be started again."""
    return [run for run in runs if run.queued.exists() and not is_finished(run)]


def clear_queued(run: RunFolder) -> None:
    """Delete a run's request: it is started now."""
    try:
        run.queued.unlink(missing_ok=True)
    except OSError:
        return  # the run is finished or started again before anyone looks
