"""The errors a person is meant to read. Every room may raise them; `cli` and `tui` show them."""

from collections.abc import Sequence


class MedtuiError(Exception):
    """Something a person can understand and act on: what happened, and what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", key: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        """One or more lines: what is wrong, and where."""
        self.hint = hint
        """What to do next; empty where the message already says it."""
        self.key = tuple(key)
        """Keys of the preset that lead to it: `search`, `low`; empty where none do."""

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(MedtuiError):
    """A preset, a card or a command line asks for something that cannot be."""

    exit_code = 2


class EnvironmentProblem(MedtuiError):
    """Data, a GPU, memory or disk is missing; the same command may work later or elsewhere."""

    exit_code = 3
