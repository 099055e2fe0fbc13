"""The child's side of the protocol: request on stdin, messages on stdout."""

import os
import sys
from typing import TypeVar

import msgspec

StructT = TypeVar("StructT", bound=msgspec.Struct)


def read_request(kind: type[StructT]) -> StructT:
    """Return this process's request from stdin."""
    return msgspec.json.decode(sys.stdin.buffer.read(), type=kind)


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
