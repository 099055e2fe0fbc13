"""Starts the processes of runs: forked from one that has imported torch, or with an interpreter."""

import subprocess
import sys

from medtui.child_process import child_environment
from medtui.fork_server import ForkedProcess, ForkServer, StartedProcess
from medtui.jobs.device_slots import Slot
from medtui.preset import Preset
from medtui.runs.folder import RunFolder
from medtui.storage import open_log

_MODULE = "medtui.worker"

_MODULES = (
    _MODULE, "medtui.engine.run.pipeline", "medtui.engine.run.out_of_memory",
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
    """Starts a study's workers, each in a session of its own, as children of this process."""

    def __init__(self, server: ForkServer | None = None) -> None:
        """Fork workers from `server`; without one, start each with an interpreter of its own."""
        self._server = server

    @property
    def is_settled(self) -> bool:
        """Whether `start` does not wait for imports of the fork server."""
        return self._server is None or self._server.is_settled

    def start(
        self, run: RunFolder, slot: Slot, silent_stamp: str = "", after_signal: int = 0
    ) -> StartedProcess:
        """Start a run's worker on a device.

        `silent_stamp` is that of an owner of the run that was awaited already, see `SilenceWatch`.
        `after_signal` is the number of the signal that ended the worker before, for the run's log.

        Raises:
            OSError: the run's folder cannot be written.
        """
        arguments = [str(run.path), "--device", slot.device]
        if silent_stamp:
            arguments += ["--silent", silent_stamp]
        if after_signal:
            arguments += ["--after-signal", str(after_signal)]
        with open_log(run.worker_log) as output:
            forked = self._fork(arguments, slot, output.fileno())
            if forked is not None:
                return forked
            return subprocess.Popen(
                [sys.executable, "-m", _MODULE, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=child_environment(slot.devices),
            )

    def _fork(self, arguments: list[str], slot: Slot, output: int) -> ForkedProcess | None:
        if self._server is None:
            return None
        with open("/dev/null", "rb") as nothing:  # noqa: PTH123 - as subprocess.DEVNULL
            return self._server.fork(
                _MODULE, arguments, (nothing.fileno(), output, output),
                environment={"CUDA_VISIBLE_DEVICES": slot.devices}, has_own_session=True,
            )  # fmt: skip
