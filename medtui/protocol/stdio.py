"""The child's end of the protocol: the request on stdin, messages on stdout."""

import os
import sys
from typing import TypeVar

import msgspec

StructT = TypeVar("StructT", bound=msgspec.Struct)


def read_request(kind: type[StructT]) -> StructT:
    """Return what this process is asked, from its stdin."""
    return msgspec.json.decode(sys.stdin.buffer.read(), type=kind)


class MessageWriter:
    """This process's stdout, for messages alone: what libraries print there goes to stderr."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)

    def send(self, message: msgspec.Struct) -> None:
        """Send a message.

        Raises:
            BrokenPipeError: the process that asked is gone.
        """
        unsent = memoryview(msgspec.json.encode(message) + b"\n")
        while unsent:
            unsent = unsent[self._stream.write(unsent) :]
