"""One way to start a child process that answers a request. Any module may use it.

A request goes in as a file and stderr goes out to a file, so neither side can wait for the other's
full pipe; a message is one line of JSON on the child's stdout (`medtui.protocol`).

Processes that outlive the one that starts them (supervisor, worker, sampler, Comet's follower) and
decoders, which answer many requests, have their own `Popen`; they share `child_environment` and
`last_line`.
"""

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Generic, TypeVar

import msgspec

from medtui import __version__
from medtui.errors import EnvironmentProblem, MedtuiError
from medtui.protocol.outcome import Failed, error_class
from medtui.upgrade import STARTED_BY_VERSION, explain_missing_child

MessageT = TypeVar("MessageT")

GRACE_SECONDS = 20.0
"""How long a cancelled process may take to remove its temporary files before it is killed."""

_WAKE_SECONDS = 1.0
"""How often a silent process is looked at: its own children may hold its stdout open."""

_CHUNK_BYTES = 1 << 16
_TAIL_BYTES = 1 << 14

_failed_decoder = msgspec.json.Decoder(Failed)


def child_environment(devices: str | None = None) -> dict[str, str]:
    """Return the environment of every process that medtui starts.

    `devices` is its `CUDA_VISIBLE_DEVICES`; None passes this process's own on.
    """
    environment = os.environ | {
        # Threads that spin while they wait take the cores of those that compute: on a machine that
        # is shared, a training step took 9 times as long. Read when torch is imported.
        "OMP_WAIT_POLICY": "PASSIVE",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # the order in which NVML counts
        "TQDM_DISABLE": "1",
        "KINETO_LOG_LEVEL": "99",  # torch's profiler prints notices
        STARTED_BY_VERSION: __version__,
    }
    if devices is not None:
        environment["CUDA_VISIBLE_DEVICES"] = devices
    return environment


def last_line(text: bytes) -> str:
    """Return the last line that is not empty, where a program names what ended it."""
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
    """A process of a `medtui` module that answers one request, and can be cancelled.

    Use it in a `with` statement: its end stops the process and closes what belongs to it. One
    thread reads the messages; `cancel` may be called from any other.
    """

    def __init__(
        self,
        module: str,
        decoder: msgspec.json.Decoder[MessageT],
        request: msgspec.Struct | None = None,
        *,
        complaint: str,
        stderr: IO[bytes] | None = None,
        devices: str | None = None,
        has_own_session: bool = False,
    ) -> None:
        """Start `python -m module`; `request` goes to its stdin.

        `complaint` opens the sentence about a failure: "The preset could not be checked".
        `stderr` takes what the process prints there, for people to read; without it, the output is
        kept for its last line alone. `devices` is its `CUDA_VISIBLE_DEVICES`. With
        `has_own_session` it gets CPU time as a run does, and no signal of the terminal.

        Raises:
            EnvironmentProblem: the process could not be started.
        """
        self._decoder = decoder
        self._complaint = complaint
        self._is_stderr_ours = stderr is None
        self._is_cancelled = False
        self._unread = b""
        self._failed: Failed | None = None
        self._killer: threading.Timer | None = None
        self._lock = threading.Lock()
        self.is_over = False
        """Whether its last message has been read and its exit status is known."""
        try:
            self._stderr = tempfile.TemporaryFile() if stderr is None else stderr  # noqa: SIM115 - closed in `close`
            self._stderr_start = _end_of(self._stderr)  # a log may hold earlier output
            with tempfile.TemporaryFile() as stdin:
                stdin.write(msgspec.json.encode(request) if request is not None else b"")
                stdin.seek(0)
                self._process = subprocess.Popen(
                    [sys.executable, "-m", module],
                    stdin=stdin, stdout=subprocess.PIPE, stderr=self._stderr,
                    env=child_environment(devices), close_fds=True,
                    start_new_session=has_own_session,
                )  # fmt: skip
        except OSError as error:
            raise EnvironmentProblem(f"{complaint}: {error}.") from error
        assert self._process.stdout is not None
        self._stdout = self._process.stdout

    @property
    def pid(self) -> int:
        """The process's pid."""
        return self._process.pid

    @property
    def is_cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._is_cancelled

    @property
    def exit_code(self) -> int | None:
        """Its exit status, negative for a signal's number; None while it is running."""
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
        """Ask the process to stop, and kill it if it has not after `grace_seconds`; return at once.

        Whoever reads the messages sees them end, without an error.
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
        """End the process at once, and do not wait: a driver may hold it back."""
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
            with suppress(subprocess.TimeoutExpired):  # held back by a driver
                self._process.wait(_WAKE_SECONDS)
        if self._killer is not None:
            self._killer.cancel()
        self._stdout.close()
        if self._is_stderr_ours:
            self._stderr.close()

    def messages(self) -> Iterator[MessageT]:
        """Yield each message as it comes; end with the process.

        Raises:
            MedtuiError: the process failed: with its own reason, else the last line of its stderr.
        """
        while not self.is_over:
            yield from self.receive()
        self.raise_failure()

    def answer(self, timeout_seconds: float | None = None) -> MessageT:
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
                self.is_over = True  # and no wait for one that is held back
                self.kill()
                raise TimeoutError
            for message in self.receive(min(left, _WAKE_SECONDS)):
                last = message
        self.raise_failure()
        if last is None:
            raise EnvironmentProblem(f"{self._complaint}: {self._reason()}.")
        return last

    def receive(self, timeout_seconds: float = _WAKE_SECONDS) -> list[MessageT]:
        """Return the messages that have come; wait for the first of them so long at most.

        `is_over` says whether more can follow.
        """
        if self.is_over:
            return []
        has_ended = self._process.poll() is not None
        chunk = self._read(0.0 if has_ended else timeout_seconds)
        if chunk is None and not has_ended:
            return []
        if not chunk:  # closed; or its own children hold it open beyond its end
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
        """Raise what ended the process, once it is over; a cancelled one has not failed.

        Raises:
            MedtuiError: the process sent its reason, or exited with another status than 0.
        """
        if self._failed is not None and not self._is_cancelled:
            raise self._failed.error()
        code = self._process.poll()
        if code and not self._is_cancelled:
            # Python exits with 1 after a traceback: no error of ours, whose reason it would send.
            reason = self._reason()
            upgraded = explain_missing_child(reason)
            if upgraded is not None:
                raise upgraded
            kind: type[MedtuiError] = EnvironmentProblem if code == 1 else error_class(code)
            raise kind(f"{self._complaint}: {reason}.")

    def _read(self, timeout_seconds: float) -> bytes | None:
        """Return what stands in the pipe, empty at its end; None where nothing came in time."""
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


def describe_exit(code: int) -> str:
    """Return how a process ended: `exit status 3`, `ended by SIGSEGV`."""
    if code >= 0:
        return f"exit status {code}" if code else "no answer"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
