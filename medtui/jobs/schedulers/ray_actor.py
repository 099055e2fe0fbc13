"""What Ray runs on a node for one task of a study: an actor that starts the process, and its end.

The actor is detached, so that it outlives the supervisor that asked for it, and named, so that the
next supervisor finds it. Where its node is lost, Ray makes it again on another one: the worker that
is started there continues from the last checkpoint. Imports ray only in Ray's own processes.

Source: docs.ray.io, "Named actors", "Actor lifetimes", "Actor fault tolerance".
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import msgspec

from medtui.child_process import child_environment
from medtui.jobs.schedulers.task import Task
from medtui.storage import open_log
from medtui.upgrade import STARTED_BY_VERSION

LINGER_SECONDS = 3.0
"""How long an actor whose process has ended waits for somebody to ask for the exit status."""

_TETHER = "medtui.jobs.schedulers.tether"


class Outcome(msgspec.Struct, frozen=True):
    """How a task ended."""

    status: int
    """Exit status, negative for the number of a signal."""
    problem: str = ""
    """Why there was no process; empty if there was one."""


class TaskActor:
    """A process of a study on a Ray node."""

    def __init__(self, task: Task, device: str, version: str) -> None:
        """Start the process; `version` is that of the supervisor's medtui."""
        self._task, self._device = task, device
        # Nothing is imported from the folder in which Ray happens to be.
        self._own_environment = {STARTED_BY_VERSION: version, "PYTHONSAFEPATH": "1"}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._signal = 0
        """Signal that was requested before there was a process."""
        self._outcome = Outcome(0)
        self._has_ended, self._was_asked = asyncio.Event(), asyncio.Event()
        threading.Thread(target=self._work, name="task", daemon=True).start()

    async def host(self) -> str:
        """Return the name of the node's host."""
        return socket.gethostname()

    async def wait(self) -> Outcome:
        """Return how the process ended, once it has."""
        await self._has_ended.wait()
        self._was_asked.set()
        return self._outcome

    async def signal(self, number: int) -> None:
        """Send the process a signal; SIGKILL also kills the processes that it started."""
        with self._lock:
            self._signal = number
            if self._process is not None:
                _send(self._process, number)

    async def leave(self) -> None:
        """Record that the process has ended, and free the actor's resources; only it calls this."""
        import ray

        self._has_ended.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._was_asked.wait(), LINGER_SECONDS)
        ray.actor.exit_actor()

    def _work(self) -> None:
        """Run the process; this thread must live as long, see `tether`."""
        import ray

        try:
            self._outcome = Outcome(self._run())
        except OSError as error:
            self._outcome = Outcome(1, f"{socket.gethostname()}: {error}")
        own = ray.get_runtime_context().current_actor
        own.leave.options(max_task_retries=0).remote()

    def _run(self) -> int:
        task = self._task
        command = command_of(task, self._device)
        with open_log(task.log) as output, self._lock:
            self._process = process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
                env=child_environment() | self._own_environment,
            )  # fmt: skip
            if self._signal:
                _send(process, self._signal)
        return process.wait()


def command_of(task: Task, device: str) -> list[str]:
    """Return the command of a task's process, which ends with this one."""
    command = [sys.executable, "-m", _TETHER, str(os.getpid()), task.module, str(task.folder),
               "--device", device, *task.arguments]  # fmt: skip
    return [*command, "--in-job"] if task.run is not None else command


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    if number == signal.SIGKILL:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
    else:
        process.send_signal(number)
