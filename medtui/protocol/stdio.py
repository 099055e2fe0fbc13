"""The child's side of the protocol: request on stdin, messages on stdout."""

import atexit
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, TypeVar

import msgspec

from medtui.errors import MedtuiError, explain_os_error
from medtui.protocol.outcome import Failed

STOPPED = 128 + signal.SIGTERM
"""Exit status of a process that was asked to stop, or whose requesting process has ended."""

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


def answer_request(kind: type[StructT], answer: Callable[[StructT, MessageWriter], object]) -> int:
    """Answer this process's request by `answer`, send its error if it has one; return the status.

    SIGTERM and SIGINT interrupt it.
    """
    writer = MessageWriter()
    request = read_request(kind)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        answer(request, writer)
    except (KeyboardInterrupt, BrokenPipeError):
        return STOPPED
    except OSError as error:
        return _fail(writer, explain_os_error(error))
    except MedtuiError as error:
        return _fail(writer, error)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _fail(writer: MessageWriter, error: MedtuiError) -> int:
    writer.send(Failed.of(error))
    return error.exit_code
