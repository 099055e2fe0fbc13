"""Opens the scheduler that a study's preset names."""

import sys
from contextlib import suppress
from importlib.util import find_spec
from typing import assert_never

from medtui.child_process import child_environment
from medtui.errors import EnvironmentProblem
from medtui.fork_server import ForkServer
from medtui.jobs.courtesy import Courtesy
from medtui.jobs.device_slots import find_slots
from medtui.jobs.schedulers import Scheduler
from medtui.jobs.schedulers.local import LocalScheduler
from medtui.jobs.worker_process import WorkerStarter, server_modules
from medtui.preset import Preset
from medtui.runs.ownership.claim import Fence


def open_scheduler(preset: Preset, fence: Fence, server: ForkServer | None = None) -> Scheduler:
    """Return the scheduler of a study with a resolved preset; close it at the end.

    `fence` guards what it writes into folders. `server` is a fork server that runs already.

    Raises:
        EnvironmentProblem: the scheduler's programs or library are missing, or it does not answer.
    """
    match preset.machine.scheduler:
        case "local":
            return _open_local(preset, server)
        case "slurm":
            from medtui.jobs.schedulers.slurm import SlurmScheduler

            _close(server)
            return SlurmScheduler(preset.machine, preset.jobs, fence)
        case "ray":
            if find_spec("ray") is None:
                raise EnvironmentProblem(
                    'Ray is not installed, but machine.scheduler = "ray" needs it.',
                    hint="Install it on this machine and on all nodes: pip install 'medtui[ray]'",
                )
            from medtui.jobs.schedulers.ray import RayScheduler

            _close(server)
            return RayScheduler(preset.machine, preset.ray_tasks, fence)
        case _:
            assert_never(preset.machine.scheduler)


def _open_local(preset: Preset, server: ForkServer | None) -> LocalScheduler:
    if server is None:
        server = ForkServer(server_modules(preset), child_environment(), warn=_report)
    server.start()
    courtesy = Courtesy(preset.machine, report=_report)
    return LocalScheduler(find_slots(preset.machine), WorkerStarter(server), courtesy)


def _close(server: ForkServer | None) -> None:
    """End a fork server that starts nothing: jobs import torch where they are."""
    if server is not None:
        with suppress(OSError):
            server.close()


def _report(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - goes to supervisor.log
