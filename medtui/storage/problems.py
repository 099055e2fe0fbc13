"""Errors about stored files: each names the path and the reason."""

from pathlib import Path

from medtui.errors import EnvironmentProblem, explain_os_error


class UnreadableFile(EnvironmentProblem):
    """A stored file cannot be used; other files are not affected."""

    verb = "cannot be read"

    def __init__(self, path: Path, reason: str, *, hint: str = "") -> None:
        reason = reason.rstrip(".")
        super().__init__(f"{path} {self.verb}: {reason}.", hint=hint)
        self.path = path
        self.reason = reason
        """Why, without the path."""


class MissingFile(UnreadableFile):
    """The file does not exist."""


class DamagedFile(UnreadableFile):
    """The file was read, and its content is not what was written."""

    verb = "is damaged"


def unreadable(path: Path, error: OSError, *, hint: str = "") -> UnreadableFile:
    """Return an error of the operating system as an error about a stored file."""
    reason = error.strerror or str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return MissingFile(path, reason, hint=hint)
    return UnreadableFile(path, reason, hint=explain_os_error(error).hint or hint)
