"""Child processes that answer one request. Any module may import this.

The request is a temporary file as stdin, and stderr goes to a file, so that no full pipe can block
either side. Each message is one line of JSON on the child's stdout (`medtui.protocol`).
The child is started with an interpreter, or forked by a fork server that has imported its module.

Processes that outlive the process that starts them (supervisor, worker, sampler, tracker) and
decoders, which answer many requests, use `Popen` directly; they share `child_environment` and
`last_line`.
"""

import os
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Generic, TypeVar

import msgspec

from medtui import __version__
from medtui.child_start import start_child
from medtui.errors import EnvironmentProblem, MedtuiError
from medtui.fork_server import ForkServer
from medtui.library_threads import thread_environment
from medtui.protocol.outcome import Failed, describe_exit, error_class
from medtui.upgrade import STARTED_BY_VERSION, explain_missing_child

MessageT = TypeVar("MessageT")

GRACE_SECONDS = 20.0
"""Seconds that a cancelled process has to remove its temporary files before it is killed."""

_WAKE_SECONDS = 1.0
"""Seconds between checks whether a silent process has ended; its children may keep stdout open."""

_CHUNK_BYTES = 1 << 16
_TAIL_BYTES = 1 << 14

_failed_decoder = msgspec.json.Decoder(Failed)


def child_environment(devices: str | None = None) -> dict[str, str]:
    """Return the environment of every process that medtui starts.

    `devices` is the process's `CUDA_VISIBLE_DEVICES`; None inherits this process's.
    """
    environment = os.environ | {
        # Idle OpenMP threads that spin take cores from those that compute: on a shared machine a
        # training step took 9 times as long. Torch reads this when it is imported.
        "OMP_WAIT_POLICY": "PASSIVE",
        **thread_environment(),
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # NVML's order
        "TQDM_DISABLE": "1",
        "KINETO_LOG_LEVEL": "99",  # suppresses messages of torch's profiler
        STARTED_BY_VERSION: __version__,
    }
    if devices is not None:
        environment["CUDA_VISIBLE_DEVICES"] = devices
    return environment


def last_line(text: bytes) -> str:
    """Return the last line that is not empty, in which a program names the error that ended it."""
    return text.decode(errors="replace").strip().rpartition("\n")[2].strip()


def _end_of(stream: IO[bytes]) -> int:
    try:
        return stream.seek(0, os.SEEK_END)
    except OSError:  # a terminal
        return 0


def _tail(stream: IO[bytes], start: int = 0) -> bytes:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(start, size - _TAIL_BYTES))
    return stream.read()


class ChildProcess(Generic[MessageT]):
    """A process that runs a `medtui` module, answers one request and can be cancelled.

    Use it in a `with` statement, whose end stops the process and closes its files. One thread reads
    the messages; any other thread may call `cancel`.
    """

    def __init__(
        self,
        module: str,
        decoder: msgspec.json.Decoder[MessageT],
        request: msgspec.Struct | None = None,
        *,
        error_prefix: str,
        stderr: IO[bytes] | None = None,
        devices: str | None = None,
        has_own_session: bool = False,
        server: ForkServer | None = None,
    ) -> None:
        """Start `python -m module` with `request` on its stdin.

        `error_prefix` begins the sentence about a failure, for example "The preset could not be
        checked". `stderr` receives the process's stderr for people to read; without it, only the
        last line is kept for the error. `devices` is the process's `CUDA_VISIBLE_DEVICES`. With
        `has_own_session` the process has the CPU priority of a run, and receives no signals of the
        terminal. `server` forks the process where it can.

        Raises:
            EnvironmentProblem: the process could not be started.
        """
        self._decoder = decoder
        self._error_prefix = error_prefix
        self._is_stderr_ours = stderr is None
        self._is_cancelled = False
        self._unread = b""
        self._failed: Failed | None = None
        self._killer: threading.Timer | None = None
        self._lock = threading.Lock()
        self.is_over = False
        """Whether the last message was read and the exit status is known."""
        try:
            self._stderr = tempfile.TemporaryFile() if stderr is None else stderr  # noqa: SIM115 - closed in `close`
            self._stderr_start = _end_of(self._stderr)  # a log may hold earlier output
            with tempfile.TemporaryFile() as stdin:
                stdin.write(msgspec.json.encode(request) if request is not None else b"")
                stdin.seek(0)
                self._process, self._stdout = start_child(
                    module, stdin, self._stderr, child_environment(devices), server,
                    has_own_session=has_own_session,
                )  # fmt: skip
        except OSError as error:
            raise EnvironmentProblem(f"{error_prefix}: {error}.") from error

    @property
    def pid(self) -> int:
        """Process ID."""
        return self._process.pid

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` or `kill` was called."""
        return self._is_cancelled

    @property
    def exit_code(self) -> int | None:
        """Exit status, negative for the number of a signal; None while the process is running."""
        return self._process.poll()

    def __enter__(self) -> "ChildProcess[MessageT]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def cancel(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask the process to stop and return at once; it is killed after `grace_seconds`.

        The messages then end without an error.
        """
        with self._lock:
            if self._is_cancelled or self._process.poll() is not None:
                return
            self._is_cancelled = True
            self._process.terminate()
            self._killer = threading.Timer(grace_seconds, self._process.kill)
            self._killer.daemon = True
            self._killer.start()

    def kill(self) -> None:
        """Kill the process and return at once, because a driver may block its end."""
        self._is_cancelled = True
        self._process.kill()

    def close(self) -> None:
        """Stop the process if it is running, wait for its end, and close its pipes."""
        if self._process.poll() is None:
            if not self.is_over:
                self.cancel()
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(GRACE_SECONDS)
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # a driver may block its end
                self._process.wait(_WAKE_SECONDS)
        if self._killer is not None:
            self._killer.cancel()
        self._stdout.close()
        if self._is_stderr_ours:
            self._stderr.close()

    def messages(self) -> Iterator[MessageT]:
        """Yield each message as it arrives, until the process ends.

        Raises:
            MedtuiError: the process failed; with its own reason, or the last line of its stderr.
        """
        while not self.is_over:
            yield from self.receive()
        self.raise_failure()

    def result(self, timeout_seconds: float | None = None) -> MessageT:
        """Return the last message.

        Raises:
            TimeoutError: `timeout_seconds` have passed; the process is killed.
            MedtuiError: the process failed, or sent no message.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        last: MessageT | None = None
        while not self.is_over:
            left = _WAKE_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                self.is_over = True  # so that `close` does not wait for a process held by a driver
                self.kill()
                raise TimeoutError
            for message in self.receive(min(left, _WAKE_SECONDS)):
                last = message
        self.raise_failure()
        if last is None:
            raise EnvironmentProblem(f"{self._error_prefix}: {self._reason()}.")
        return last

    def receive(self, timeout_seconds: float = _WAKE_SECONDS) -> list[MessageT]:
        """Return the messages that have arrived; wait up to `timeout_seconds` for the first.

        `is_over` is set when no more can follow.
        """
        if self.is_over:
            return []
        has_ended = self._process.poll() is not None
        chunk = self._read(0.0 if has_ended else timeout_seconds)
        if chunk is None and not has_ended:
            return []
        if not chunk:  # closed, or the process ended and its children hold the pipe open
            return self._end(timeout_seconds)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        return self._decode(lines)

    def _end(self, timeout_seconds: float) -> list[MessageT]:
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return []
        self.is_over = True
        return self._decode([self._unread])

    def raise_failure(self) -> None:
        """Raise the error that ended the process; do nothing if it is cancelled or successful.

        Raises:
            MedtuiError: the process sent its reason, or its exit status is not 0.
        """
        if self._failed is not None and not self._is_cancelled:
            raise self._failed.error()
        code = self._process.poll()
        if code and not self._is_cancelled:
            # Python exits with 1 after a traceback; an error of medtui would have sent its reason.
            reason = self._reason()
            upgraded = explain_missing_child(reason)
            if upgraded is not None:
                raise upgraded
            kind: type[MedtuiError] = EnvironmentProblem if code == 1 else error_class(code)
            raise kind(f"{self._error_prefix}: {reason}.")

    def _read(self, timeout_seconds: float) -> bytes | None:
        """Return bytes from the pipe, empty at its end; None if none arrived in time."""
        watch = select.poll()  # unlike select.select, takes descriptors above 1023
        watch.register(self._stdout, select.POLLIN | select.POLLHUP)
        if not watch.poll(timeout_seconds * 1000):
            return None
        return os.read(self._stdout.fileno(), _CHUNK_BYTES)

    def _decode(self, lines: list[bytes]) -> list[MessageT]:
        found = []
        for line in lines:
            with suppress(msgspec.DecodeError):
                self._failed = _failed_decoder.decode(line)
                continue
            with suppress(msgspec.DecodeError):  # else a library's own output
                found.append(self._decoder.decode(line))
        return found

    def _reason(self) -> str:
        """Return why there is no answer, without a full stop."""
        if self._is_cancelled:
            return "it was cancelled"
        with suppress(OSError, ValueError):  # a file that can only be written
            if line := last_line(_tail(self._stderr, self._stderr_start)):
                return line.removesuffix(".")
        return describe_exit(self._process.poll() or 0)
