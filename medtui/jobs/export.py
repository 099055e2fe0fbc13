"""Starts the process that writes a run's model as files. For command line and screen."""

import shutil
from collections.abc import Callable
from pathlib import Path

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.protocol.export import (
    ExportMessage,
    ExportPlan,
    ExportRequest,
    FormatFailed,
    decoder,
    temporary_prefix,
)
from medtui.protocol.outcome import error_class
from medtui.runs.folder import RunFolder
from medtui.storage.writing import require_writable


class ExportProcess:
    """A process that exports a model and can be cancelled; it leaves complete files or none."""

    def __init__(self, run: RunFolder, plan: ExportPlan) -> None:
        """Start it.

        Raises:
            EnvironmentProblem: the plan's folder cannot be written, or the process not started.
        """
        self._folder = Path(plan.folder)
        require_writable(self._folder)
        self._process = ChildProcess(
            "medtui.engine.export",
            decoder,
            ExportRequest(str(run.path.resolve()), plan),
            error_prefix=f"The export of {run.full_name} failed",
        )

    def follow(self, report: Callable[[ExportMessage], object]) -> list[MedtuiError]:
        """Wait for its end; `report` receives each message. Return why formats are missing.

        Raises:
            MedtuiError: nothing could be written.
        """
        failed: list[MedtuiError] = []
        try:
            with self._process as process:
                for message in process.messages():
                    if isinstance(message, FormatFailed):
                        kind = error_class(message.exit_code)
                        failed.append(kind(message.message, hint=message.hint))
                    report(message)
        finally:
            self._remove_temporary_files()
        return failed

    def stop(self) -> None:
        """Cancel it; `follow` returns once its temporary files are deleted."""
        self._process.cancel()

    def cancel(self) -> None:
        """Cancel it, and wait until its temporary files are deleted."""
        self._process.close()
        self._remove_temporary_files()

    def _remove_temporary_files(self) -> None:
        """Remove what a process leaves that had to be killed; the others remove it themselves."""
        for folder in self._folder.glob(f"{temporary_prefix(self._process.pid)}*"):
            shutil.rmtree(folder, ignore_errors=True)
