"""The export process: a request on stdin, messages on stdout."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from medtui.errors import MedtuiError
from medtui.protocol.export import ExportPlan, ExportRequest, FileWritten, FormatFailed
from medtui.protocol.outcome import Failed, Progress
from medtui.protocol.stdio import MessageWriter, read_request
from medtui.runs.exports import format_named
from medtui.runs.folder import RunFolder

STOPPED = 128 + signal.SIGTERM


def main() -> int:
    """Write the requested formats; one that fails does not prevent the others."""
    writer = MessageWriter()
    request = read_request(ExportRequest)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _handle_stop)
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # its worker processes survive a stop
    try:
        return _export(RunFolder(Path(request.run)), request.plan, writer)
    except (KeyboardInterrupt, BrokenPipeError):  # stopped, or the requesting process ended
        return STOPPED


def _export(run: RunFolder, plan: ExportPlan, writer: MessageWriter) -> int:
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
    exporter = Exporter(loaded, plan, lambda text: writer.send(Progress(text)))
    for name in plan.formats:
        try:
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


def _handle_stop(_number: int, _frame: FrameType | None) -> None:
    """Raise `KeyboardInterrupt`, so that temporary files are removed; ignore further signals."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
