"""The client's side of a fork server: starts it, asks it for processes, replaces it."""

import functools
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Concatenate, ParamSpec, TypeVar

import medtui
from medtui.fork_server.forked_process import ForkedProcess
from medtui.fork_server.protocol import GO, GUEST, NUM_DESCRIPTORS, READY, ForkRequest, encode
from medtui.fork_server.subreaper import subreaper

READY_SECONDS = 120.0
"""How long a server may take to import its modules: from a cold network disk, a minute."""

REPLY_SECONDS = 10.0
"""How long a process may take to be forked; it takes milliseconds."""

END_SECONDS = 1.0
"""How long a killed server is waited for."""

MAX_STARTS = 4
"""How often a server that dies is replaced before every process is started without one."""

_PID_BYTES = 32


P = ParamSpec("P")
T = TypeVar("T")


def _one_at_a_time(
    method: Callable[Concatenate["ForkServer", P], T],
) -> Callable[Concatenate["ForkServer", P], T]:
    """Let one thread at a time use a server."""

    @functools.wraps(method)
    def locked(self: "ForkServer", /, *arguments: P.args, **options: P.kwargs) -> T:
        with self._lock:
            return method(self, *arguments, **options)

    return locked


class ForkServer:
    """A fork server that belongs to this process. Any thread may use it; one waits for another.

    No method raises: without a server, processes are started in the usual way.
    """

    def __init__(
        self,
        modules: Sequence[str],
        environment: Mapping[str, str],
        *,
        stderr: IO[bytes] | int | None = None,
        warn: Callable[[str], object],
        guest: socket.socket | None = None,
    ) -> None:
        """Describe a server that imports `modules`; `start` starts it.

        `environment` is that of the server and of what it forks. `stderr` receives the server's
        errors; None is this process's. `warn` receives one sentence for each server that fails.
        `guest` is the socket of another client, see `ForkServer.of_another`; the first server
        serves it too.
        """
        self._modules = list(modules)
        self._environment = dict(environment)
        self._stderr = stderr
        self._warn = warn
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._is_ready = False
        self._ready_until = 0.0
        self._num_starts = 0
        self._installed = _installed()
        self._guest = guest
        self._lock = threading.RLock()

    @classmethod
    def of_another(
        cls, client: socket.socket, environment: Mapping[str, str], warn: Callable[[str], object]
    ) -> "ForkServer":
        """Return a server that a child of this process started with the other end as `guest`.

        The processes are children of this process all the same. It is not replaced when it fails.
        """
        server = cls([], environment, warn=warn)
        server._num_starts = MAX_STARTS
        server._ready_until = time.monotonic() + READY_SECONDS
        server._socket = client
        return server

    @property
    def pid(self) -> int | None:
        """Process ID of the server; None without one."""
        return self._process.pid if self._process else None

    def differences(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of `environment` that the server has not, or has otherwise."""
        return dict(environment.items() - self._environment.items())

    @_one_at_a_time
    def start(self) -> None:
        """Start the server, if it is not running; return before it has imported its modules."""
        if self._socket is not None:
            return
        if sys.platform != "linux" or self._num_starts >= MAX_STARTS:
            return
        self._num_starts += 1
        self._installed = _installed()
        self._is_ready = False
        self._ready_until = time.monotonic() + READY_SECONDS
        ours, theirs = client_pair()
        with theirs:
            try:
                self._process = self._spawn(theirs)
            except OSError as error:
                ours.close()
                self._warn(_warning(f"could not be started: {error}"))
                return
        self._socket = ours

    def _spawn(self, client: socket.socket) -> subprocess.Popen[bytes]:
        """Start the server's process; the guest, if there is one, is handed over to it.

        Raises:
            OSError: it could not be started.
        """
        guest, self._guest = self._guest, None
        guests = [guest.fileno()] if guest else []
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "medtui.fork_server",
                 *(f"{GUEST}{each}" for each in guests), *self._modules],
                stdin=client.fileno(), stdout=subprocess.DEVNULL, stderr=self._stderr,
                env=self._environment, start_new_session=True, pass_fds=guests,
            )  # fmt: skip
        finally:
            if guest:
                guest.close()

    @property
    @_one_at_a_time
    def is_settled(self) -> bool:
        """Whether `fork` answers at once: the server is ready, or there is none."""
        if self._socket is None or self._is_ready:
            return True
        if _arrives(self._socket, 0.0):
            self._is_ready = _receive(self._socket, len(READY)) == READY
            if not self._is_ready:
                self._give_up("ended while it imported its modules")
        elif time.monotonic() > self._ready_until:
            self._give_up(f"was not ready after {READY_SECONDS:g} s")
        return self._socket is None or self._is_ready

    @_one_at_a_time
    def fork(
        self,
        module: str,
        arguments: Sequence[str],
        streams: tuple[int, int, int],
        *,
        environment: Mapping[str, str] | None = None,
        has_own_session: bool = False,
    ) -> ForkedProcess | None:
        """Return a process that does what `python -m MODULE ARGUMENTS...` does, as a child.

        `streams` are the descriptors of its stdin, stdout and stderr; `environment` is what differs
        from the server's. Return None where there is no server, or where it failed; then nothing
        was started.
        """
        if not self.is_settled or self._socket is None:
            return None
        if self._installed != _installed():
            self._replace("was started before medtui was upgraded")
            return None
        request = ForkRequest(module, list(arguments), dict(environment or {}), has_own_session)
        try:
            with subreaper():
                process = self._request(self._socket, request, streams)
        except OSError as error:
            self._replace(f"does not answer: {error}")
            return None
        return process

    @_one_at_a_time
    def close(self) -> None:
        """End the server, if there is one; what it forked continues."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # a network disk may block its end
                self._process.wait(END_SECONDS)
            self._process = None

    def _request(
        self, server: socket.socket, request: ForkRequest, streams: tuple[int, int, int]
    ) -> ForkedProcess:
        """Return the process once it may begin.

        Raises:
            OSError: there is none; one that is forked later ends by itself.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                server.setblocking(False)  # noqa: FBT003 - its only argument; a stopped server reads nothing
                descriptors = [*streams, theirs.fileno()]
                assert len(descriptors) == NUM_DESCRIPTORS
                socket.send_fds(server, [encode(request)], descriptors)
            if not _arrives(ours, REPLY_SECONDS):
                raise TimeoutError(f"no process after {REPLY_SECONDS:g} s")
            pid = _receive(ours, _PID_BYTES)
            if not pid:
                raise ConnectionError("it ended, or could not fork")
            process = ForkedProcess(int(pid))
            with suppress(OSError):  # it was killed: its exit status says so
                ours.send(GO)
            return process

    def _replace(self, reason: str) -> None:
        """Report why the server is of no use, and start another for later processes."""
        self._give_up(reason)
        self.start()

    def _give_up(self, reason: str) -> None:
        self._warn(_warning(reason))
        self.close()


def client_pair() -> tuple[socket.socket, socket.socket]:
    """Return a client's end of a connection, and the server's."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _warning(reason: str) -> str:
    return f"the fork server {reason}; a process is started without it, which takes longer"


def _arrives(stream: socket.socket, seconds: float) -> bool:
    """Return whether something, or the end, can be read within `seconds`."""
    watch = select.poll()  # unlike select.select, takes descriptors above 1023
    watch.register(stream, select.POLLIN | select.POLLHUP)
    return bool(watch.poll(seconds * 1000))


def _receive(stream: socket.socket, num_bytes: int) -> bytes:
    """Return what has arrived; empty at the end."""
    try:
        return stream.recv(num_bytes)
    except ConnectionError:
        return b""


def _installed() -> tuple[int, int]:
    """Return what identifies the installed package: an upgrade replaces its first file."""
    try:
        found = os.stat(Path(medtui.__file__))  # noqa: PTH116 - of a path that may be missing
    except OSError:
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)
