"""A supervisor that is started before its study, so that one import of torch serves its check too.

Its fork server forks the check of the preset, too. The study's folder follows once the preset has
passed; without one, the supervisor ends.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from medtui.child_process import child_environment
from medtui.fork_server import ForkServer
from medtui.fork_server.client import client_pair
from medtui.fork_server.process_name import show_as
from medtui.runs.folder import StudyFolder
from medtui.storage import open_log

_MODULE = "medtui.jobs.supervisor"

_END_SECONDS = 1.0

_POLL_SECONDS = 0.02


class Standby:
    """A supervisor without a study. Use it in a `with` statement, whose end ends one left over."""

    def __init__(self, modules: Sequence[str]) -> None:
        """Start it; its fork server imports `modules`.

        Raises:
            OSError: it could not be started.
        """
        environment = child_environment()
        self._folder, theirs = socket.socketpair()
        client, guest = client_pair()
        with theirs, guest:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                [sys.executable, "-m", _MODULE, "--guest", str(guest.fileno()),
                 "--modules", *modules],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True, pass_fds=[guest.fileno()], env=environment,
            )  # fmt: skip
        self.server = ForkServer.of_another(client, environment, warn=_ignore)
        """The supervisor's fork server, for the check of the preset."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server.close()
        self._folder.close()
        if self._process is not None:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # a disk may block its end
                self._process.wait(_END_SECONDS)

    def await_server(self) -> None:
        """Wait until the fork server has imported its modules, or failed."""
        while not self.server.is_settled:
            time.sleep(_POLL_SECONDS)

    def release(self, folder: str) -> subprocess.Popen[bytes] | None:
        """Send the supervisor its study's folder; return its process, None if it has ended."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return None
        try:
            self._folder.sendall(os.fsencode(folder))
            self._folder.shutdown(socket.SHUT_WR)
        except OSError:
            process.kill()
            process.wait()
            return None
        return process


def await_study(
    guest: int, modules: Sequence[str], warn: Callable[[str], object]
) -> tuple[str, ForkServer]:
    """Return a study's folder once it arrives on stdin, and a fork server that runs already.

    For the supervisor, whose output goes to the study's log from then on. `guest` is the descriptor
    of the socket of the process that started it. The folder is empty where there is no study.
    """
    connection = socket.socket(fileno=guest)
    server = ForkServer(modules, child_environment(), warn=warn, guest=connection)
    server.start()
    folder = os.fsdecode(sys.stdin.buffer.read())
    if not folder:
        server.close()
        return "", server
    with open_log(StudyFolder(Path(folder)).supervisor_log) as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    show_as([sys.executable, "-m", _MODULE, folder])
    return folder, server


def _ignore(_warning: str) -> None:
    """Do nothing: a check without a server only takes longer."""
