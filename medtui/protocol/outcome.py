"""Messages that every child process may send."""

from collections.abc import Sequence

import msgspec

from medtui.errors import EnvironmentProblem, MedtuiError, UsageError


class Progress(msgspec.Struct, frozen=True, tag=True):
    """What the process is doing."""

    text: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Why the process did not do what it was asked; its last message."""

    message: str
    hint: str = ""
    exit_code: int = 1
    """That of the `MedtuiError` that it stands for."""
    key: Sequence[str] = ()
    """Keys of the preset that lead to it."""

    @classmethod
    def of(cls, error: MedtuiError) -> "Failed":
        """Return the message for an error."""
        return cls(error.message, error.hint, error.exit_code, error.key)

    def error(self) -> MedtuiError:
        """Return the error that the message stands for."""
        return error_class(self.exit_code)(self.message, hint=self.hint, key=self.key)


def error_class(exit_code: int) -> type[MedtuiError]:
    """Return the class of error that ends a process with `exit_code`.

    Codes that no error has, and deaths by a signal (negative), are the environment's fault.
    """
    return {1: MedtuiError, 2: UsageError}.get(exit_code, EnvironmentProblem)
