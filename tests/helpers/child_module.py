"""A child process for the tests of `ChildProcess`: does what its request says."""

import os
import signal
import sys
import time
from collections.abc import Callable

import msgspec

from medtui.errors import UsageError
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, read_request


class Request(msgspec.Struct, frozen=True):
    """What the child is to do."""

    task: str


def main() -> int:
    """Do one task; return an exit code."""
    answers = MessageWriter()
    task = read_request(Request).task
    answers.send(Progress("began"))
    return TASKS[task](answers) or 0


def environment(answers: MessageWriter) -> None:
    """Send a variable of the environment."""
    answers.send(Progress(os.environ["OMP_WAIT_POLICY"]))


def session(answers: MessageWriter) -> None:
    """Send whether the child leads a session of its own."""
    answers.send(Progress(str(os.getsid(0) == os.getpid())))


def flood(answers: MessageWriter) -> None:
    """Write two megabytes to stderr."""
    for _ in range(2000):
        sys.stderr.write("a error_prefix of a library " * 40 + "\n")
    answers.send(Progress("flooded"))


def print_like_a_library(answers: MessageWriter) -> None:
    """Write to stdout what is no message, then a long one."""
    print("a library's own words", flush=True)  # noqa: T201 - what is tested
    os.write(1, b'{"type": "Progress", "text": "of a library"}\n')
    answers.send(Progress("x" * 200_000))


def die(_: MessageWriter) -> int:
    """Exit with a reason on stderr."""
    sys.stderr.write("first\nthe reason\n\n")
    return 3


def raise_error(_: MessageWriter) -> None:
    """Exit with a traceback."""
    raise ValueError("an array of the wrong shape")


def refuse(answers: MessageWriter) -> int:
    """Send an error."""
    error = UsageError("It cannot be.", hint="Try another.", key=("lc", "steps"))
    answers.send(Failed.of(error))
    return 2


def crash(_: MessageWriter) -> None:
    """Die as a library makes a process die."""
    os.kill(os.getpid(), signal.SIGSEGV)


def wait(answers: MessageWriter) -> None:
    """Do nothing for long."""
    answers.send(Progress("waiting"))
    time.sleep(600)


def ignore(answers: MessageWriter) -> None:
    """Do nothing for long, whoever asks to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait(answers)


TASKS: dict[str, Callable[[MessageWriter], int | None]] = {
    "environment": environment,
    "session": session,
    "flood": flood,
    "print": print_like_a_library,
    "die": die,
    "raise": raise_error,
    "refuse": refuse,
    "crash": crash,
    "wait": wait,
    "ignore": ignore,
}


if __name__ == "__main__":
    sys.exit(main())
