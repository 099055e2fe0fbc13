"""The export process: a request on stdin, messages on stdout."""

import os
import signal
from pathlib import Path
from types import FrameType

from medtui.errors import MedtuiError
from medtui.protocol.export import ExportPlan, ExportRequest, FileWritten, FormatFailed
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import STOPPED, MessageWriter, leave, read_request
from medtui.runs.exports import format_named
from medtui.runs.folder import RunFolder


class StopRequest:
    """A signal that asks to stop: it raises at once, and again at each step until it takes effect.

    An exception raised in a signal handler can be swallowed by the code that it interrupts, as
    torch's exporters do where they catch everything.
    """

    def __init__(self) -> None:
        self._is_received = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """Raise `KeyboardInterrupt`, so that temporary files are removed; ignore later signals."""
        self._is_received = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if a signal was received."""
        if self._is_received:
            raise KeyboardInterrupt


def main() -> int:
    """Write the requested formats; one that fails does not prevent the others."""
    writer = MessageWriter()
    request = read_request(ExportRequest)
    stop = StopRequest()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.handle)
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # its worker processes survive a stop
    try:
        return _export(RunFolder(Path(request.run)), request.plan, writer, stop)
    except (KeyboardInterrupt, BrokenPipeError):  # stopped, or the requesting process ended
        return STOPPED


def _export(run: RunFolder, plan: ExportPlan, writer: MessageWriter, stop: StopRequest) -> int:
    writer.send(Progress("loading"))
    import torch

    from medtui.engine.export.exporter import Exporter
    from medtui.engine.export.loaded_run import load_run
    from medtui.engine.run.load_run import preset_of

    try:
        threads = plan.threads or preset_of(run).machine.reference_threads
        if threads:
            torch.set_num_threads(threads)
        writer.send(Progress("reading the run, its reference and its images"))
        loaded = load_run(run, is_shrunk=plan.is_shrunk, num_images=plan.num_images)
    except MedtuiError as error:
        writer.send(Failed.of(error))
        return error.exit_code

    def report(text: str) -> None:
        stop.check()
        writer.send(Progress(text))

    exporter = Exporter(loaded, plan, report)
    for name in plan.formats:
        try:
            stop.check()
            export = exporter.make(format_named(name))
            writer.send(FileWritten(export.file))
        except MedtuiError as error:
            writer.send(FormatFailed(name, error.message, error.hint, error.exit_code))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - exporters raise many types of error
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            writer.send(FormatFailed(name, f"Could not export the network as {name}: {reason}"))
    return 0


if __name__ == "__main__":
    leave(main())
