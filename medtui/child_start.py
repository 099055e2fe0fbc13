"""Starts a child process whose stdout is read: with an interpreter, or by a fork server."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import IO

from medtui.fork_server import ForkServer, StartedProcess


def start_child(
    module: str,
    stdin: IO[bytes],
    stderr: IO[bytes],
    environment: Mapping[str, str],
    server: ForkServer | None = None,
    *,
    has_own_session: bool = False,
) -> tuple[StartedProcess, IO[bytes]]:
    """Return the process of `python -m MODULE`, and its stdout.

    Raises:
        OSError: it could not be started.
    """
    if server is not None:
        forked = _fork(module, stdin, stderr, environment, server)
        if forked is not None:
            return forked
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=stdin, stdout=subprocess.PIPE, stderr=stderr,
        env=environment, close_fds=True,
        start_new_session=has_own_session,
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout


def _fork(
    module: str,
    stdin: IO[bytes],
    stderr: IO[bytes],
    environment: Mapping[str, str],
    server: ForkServer,
) -> tuple[StartedProcess, IO[bytes]] | None:
    """Return the same from a fork server; None where it gives none.

    The process has a session of its own in any case: the server has one, and a process cannot enter
    another's.

    Raises:
        OSError: there is no pipe.
    """
    reader, writer = os.pipe()
    try:
        forked = server.fork(
            module, [], (stdin.fileno(), writer, stderr.fileno()),
            environment=server.differences(environment), has_own_session=True,
        )  # fmt: skip
    finally:
        os.close(writer)
    if forked is None:
        os.close(reader)
        return None
    return forked, os.fdopen(reader, "rb", buffering=0)
