"""Keeps one process of a kind: a newer one cancels its predecessor."""

from typing import Generic, TypeVar

from medtui.child_process import ChildProcess

MessageT = TypeVar("MessageT")


class LatestProcess(Generic[MessageT]):
    """The process whose answer is awaited; any thread may replace or cancel it."""

    def __init__(self) -> None:
        self._process: ChildProcess[MessageT] | None = None

    def take(self, process: ChildProcess[MessageT]) -> None:
        """Cancel the previous process, and keep this one."""
        before, self._process = self._process, process
        if before is not None:
            before.cancel()

    def cancel(self) -> None:
        """Cancel the process, if there is one; return at once."""
        if self._process is not None:
            self._process.cancel()
