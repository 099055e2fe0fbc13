"""The process that exports: a request on stdin, messages on stdout."""

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
    """Write what is asked for; a format that fails does not keep the others from being written."""
    writer = MessageWriter()
    request = read_request(ExportRequest)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _unwind)
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # its workers would outlive a stop
    try:
        return _export(RunFolder(Path(request.run)), request.plan, writer)
    except (KeyboardInterrupt, BrokenPipeError):  # stopped, or whoever asked is gone
        return STOPPED


def _export(run: RunFolder, plan: ExportPlan, writer: MessageWriter) -> int:
    writer.send(Progress("loading"))
    import torch

    from medtui.engine.export.exporter import Workshop
    from medtui.engine.export.loaded_run import open_subject
    from medtui.engine.run.load_run import preset_of

    try:
        threads = plan.threads or preset_of(run).machine.reference_threads
        if threads:
            torch.set_num_threads(threads)
        writer.send(Progress("reading the run, its reference and its images"))
        subject = open_subject(run, is_shrunk=plan.is_shrunk, num_images=plan.num_images)
    except MedtuiError as error:
        writer.send(Failed.of(error))
        return error.exit_code
    workshop = Workshop(subject, plan, lambda text: writer.send(Progress(text)))
    for name in plan.formats:
        try:
            export = workshop.make(format_named(name))
            writer.send(FileWritten(export.file))
        except MedtuiError as error:
            writer.send(FormatFailed(name, error.message, error.hint, error.exit_code))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - exporters raise what they like; the next may do
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            writer.send(FormatFailed(name, f"{name} cannot hold this network: {reason}"))
    return 0


def _unwind(_number: int, _frame: FrameType | None) -> None:
    """End by way of what tidies up; temporary files go undisturbed by a second request."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
