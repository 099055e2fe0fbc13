"""The process: reads an `ExportPlan` from stdin, answers on stdout, a line of JSON each."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from medtui.errors import MedtuiError
from medtui.runs.exporting import Answer, ExportPlan, Refused, Told, Written
from medtui.runs.exports import format_named
from medtui.runs.folder import RunFolder

STOPPED = 128 + signal.SIGTERM


def main() -> int:
    """Write what is asked for; a format that fails does not keep the others from being written."""
    parser = argparse.ArgumentParser(prog="python -m medtui.engine.export")
    parser.add_argument("run", type=Path)
    run = RunFolder(parser.parse_args().run.resolve())
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=ExportPlan)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _unwind)
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # its workers would outlive a stop
    try:
        return _export(run, plan)
    except KeyboardInterrupt:
        return STOPPED


def _export(run: RunFolder, plan: ExportPlan) -> int:
    _say(Told("loading"))
    import torch

    from medtui.engine.export.exporter import Workshop
    from medtui.engine.export.loaded_run import open_subject
    from medtui.engine.run.load_run import preset_of

    try:
        threads = plan.threads or preset_of(run).machine.reference_threads
        if threads:
            torch.set_num_threads(threads)
        _say(Told("reading the run, its reference and its images"))
        subject = open_subject(run, is_shrunk=plan.is_shrunk, num_images=plan.num_images)
    except MedtuiError as error:
        _say(Refused(error.message, error.hint, error.exit_code))
        return error.exit_code
    workshop = Workshop(subject, plan, lambda text: _say(Told(text)))
    code = 0
    for name in plan.formats:
        try:
            _say(Written(workshop.make(format_named(name))))
        except MedtuiError as error:
            _say(Refused(error.message, error.hint, error.exit_code, name))
            code = max(code, error.exit_code)
        except Exception as error:  # noqa: BLE001 - exporters raise what they like; the next may do
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            _say(Refused(f"{name} cannot hold this network: {reason}", "", 1, name))
            code = max(code, 1)
    return code


def _unwind(_number: int, _frame: FrameType | None) -> None:
    """End by way of what tidies up; temporary files go undisturbed by a second request."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _say(answer: Answer) -> None:
    try:
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever asked is gone
        raise KeyboardInterrupt from None


if __name__ == "__main__":
    sys.exit(main())
