"""Messages that every child process may send."""

import signal
from collections.abc import Sequence

import msgspec

from medtui.errors import EnvironmentProblem, MedtuiError, UsageError


class Progress(msgspec.Struct, frozen=True, tag=True):
    """A step of the process, as text for people."""

    text: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The error that ended the process; its last message."""

    message: str
    hint: str = ""
    exit_code: int = 1
    """Exit code of the `MedtuiError`."""
    key: Sequence[str] = ()
    """The preset's key that causes the error, part by part."""

    @classmethod
    def of(cls, error: MedtuiError) -> "Failed":
        """Return the message for an error."""
        return cls(error.message, error.hint, error.exit_code, error.key)

    def error(self) -> MedtuiError:
        """Return the error of the message."""
        return error_class(self.exit_code)(self.message, hint=self.hint, key=self.key)


def error_class(exit_code: int) -> type[MedtuiError]:
    """Return the error class for a child's exit code.

    Unknown codes, and deaths by a signal (negative codes), are environment problems.
    """
    return {1: MedtuiError, 2: UsageError}.get(exit_code, EnvironmentProblem)


def describe_exit(code: int) -> str:
    """Return how a process ended: `exit status 3`, `ended by SIGSEGV`."""
    if code >= 0:
        return f"exit status {code}" if code else "no answer"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
