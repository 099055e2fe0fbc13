"""The child's side of the protocol: request on stdin, messages on stdout."""

import atexit
import os
import sys
from typing import NoReturn, TypeVar

import msgspec

StructT = TypeVar("StructT", bound=msgspec.Struct)


def read_request(kind: type[StructT]) -> StructT:
    """Return this process's request from stdin."""
    return msgspec.json.decode(sys.stdin.buffer.read(), type=kind)


def leave(status: int) -> NoReturn:
    """End this process without freeing what it has imported; files must be closed.

    Freeing torch's modules takes seconds. Whoever asked waits for them, and so does a container
    that is stopped, which may be killed meanwhile.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - Python has no public name for it
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class MessageWriter:
    """Writes messages to stdout; redirects output of libraries to stderr."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)

    def send(self, message: msgspec.Struct) -> None:
        """Write a message.

        Raises:
            BrokenPipeError: the requesting process has ended.
        """
        unsent = memoryview(msgspec.json.encode(message) + b"\n")
        while unsent:
            unsent = unsent[self._stream.write(unsent) :]
