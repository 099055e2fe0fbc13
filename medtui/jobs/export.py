"""Starts the process that writes a run's model as files. For command line and screen."""

from collections.abc import Callable

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.protocol.export import ExportMessage, ExportPlan, ExportRequest, FormatFailed, decoder
from medtui.protocol.outcome import error_class
from medtui.runs.folder import RunFolder


class ExportProcess:
    """A process that exports a model and can be cancelled; it leaves complete files or none."""

    def __init__(self, run: RunFolder, plan: ExportPlan) -> None:
        self._process = ChildProcess(
            "medtui.engine.export",
            decoder,
            ExportRequest(str(run.path.resolve()), plan),
            error_prefix=f"The export of {run.study.name}/{run.name} failed",
        )

    def follow(self, report: Callable[[ExportMessage], object]) -> list[MedtuiError]:
        """Wait for its end; `report` receives each message. Return why formats are missing.

        Raises:
            MedtuiError: nothing could be written.
        """
        failed: list[MedtuiError] = []
        with self._process as process:
            for message in process.messages():
                if isinstance(message, FormatFailed):
                    kind = error_class(message.exit_code)
                    failed.append(kind(message.message, hint=message.hint))
                report(message)
        return failed

    def stop(self) -> None:
        """Cancel it; `follow` returns once its temporary files are deleted."""
        self._process.cancel()

    def cancel(self) -> None:
        """Cancel it, and wait until its temporary files are deleted."""
        self._process.close()
