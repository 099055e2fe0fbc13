"""A forked process as its parent sees it: what is used of `subprocess.Popen`, and nothing more."""

import os
import signal
import threading
import time
from subprocess import TimeoutExpired
from typing import Protocol

_FIRST_WAIT_SECONDS = 0.0005
_LONGEST_WAIT_SECONDS = 0.05


class StartedProcess(Protocol):
    """A child process, forked or started by `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Process ID."""

    @property
    def returncode(self) -> int | None:
        """Exit status as of the last `poll` or `wait`, negative for the number of a signal."""

    def poll(self) -> int | None:
        """Return the exit status; None while the process is running."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status when the process has ended.

        Raises:
            TimeoutExpired: it is still running after `timeout` seconds.
        """

    def terminate(self) -> None:
        """Send SIGTERM, unless the process has ended."""

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""


class ForkedProcess:
    """A child of this process that a fork server forked."""

    def __init__(self, pid: int) -> None:
        """Watch a child.

        Raises:
            ChildProcessError: process `pid` is no child of this process.
        """
        self.pid = pid
        self.returncode: int | None = None
        self._lock = threading.Lock()  # a pid that was waited for may belong to another process
        self._collect()

    def poll(self) -> int | None:
        """Return the exit status; None while the process is running."""
        if self.returncode is None:
            self._collect()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status when the process has ended.

        Raises:
            TimeoutExpired: it is still running after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_WAIT_SECONDS
        while (status := self.poll()) is None:
            if timeout is not None and deadline is not None and time.monotonic() > deadline:
                raise TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_WAIT_SECONDS)
        return status

    def terminate(self) -> None:
        """Send SIGTERM, unless the process has ended."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""
        self._send(signal.SIGKILL)

    def _collect(self) -> None:
        with self._lock:
            if self.returncode is not None:
                return
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)

    def _send(self, number: signal.Signals) -> None:
        with self._lock:
            if self.returncode is None:  # not waited for: the pid cannot be another's
                os.kill(self.pid, number)
