"""Starts processes here: forked from one that has imported torch, or with an interpreter."""

import subprocess
import sys

from medtui.child_process import child_environment
from medtui.fork_server import ForkedProcess, ForkServer, StartedProcess
from medtui.jobs.device_slots import Slot
from medtui.jobs.schedulers.task import WORKER, Task
from medtui.preset import Preset
from medtui.storage import open_log

_MODULES = (
    WORKER, "medtui.engine.run.pipeline", "medtui.engine.run.out_of_memory",
    "sklearn.metrics", "scipy.stats",
)  # fmt: skip
"""What every run imports, at once or for its first metric."""

_COMPILER_MODULES = ("torch._dynamo", "torch._inductor.compile_fx")
"""What compiling the update rule adds; only the fast mode of the L step alone does it."""


def server_modules(preset: Preset) -> tuple[str, ...]:
    """Return the modules that a study's fork server imports."""
    has_compiler = preset.lc.mode == "fast" and not preset.is_fast
    return _MODULES + (_COMPILER_MODULES if has_compiler else ())


class WorkerStarter:
    """Starts a study's tasks, each in a session of its own, as children of this process."""

    def __init__(self, server: ForkServer | None = None) -> None:
        """Fork workers from `server`; without one, start each with an interpreter of its own."""
        self._server = server

    @property
    def is_settled(self) -> bool:
        """Whether `start` does not wait for imports of the fork server."""
        return self._server is None or self._server.is_settled

    def close(self) -> None:
        """End the fork server; what it started goes on."""
        if self._server is not None:
            self._server.close()

    def start(self, task: Task, slot: Slot) -> StartedProcess:
        """Start a task on a device.

        Raises:
            OSError: its folder cannot be written.
        """
        arguments = [str(task.folder), "--device", slot.device, *task.arguments]
        with open_log(task.log) as output:
            forked = self._fork(task, arguments, slot, output.fileno())
            if forked is not None:
                return forked
            return subprocess.Popen(
                [sys.executable, "-m", task.module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=child_environment(slot.devices),
            )

    def _fork(
        self, task: Task, arguments: list[str], slot: Slot, output: int
    ) -> ForkedProcess | None:
        if self._server is None or task.module != WORKER:
            return None
        with open("/dev/null", "rb") as nothing:  # noqa: PTH123 - as subprocess.DEVNULL
            return self._server.fork(
                task.module, arguments, (nothing.fileno(), output, output),
                environment={"CUDA_VISIBLE_DEVICES": slot.devices}, has_own_session=True,
            )  # fmt: skip
