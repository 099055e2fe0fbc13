"""A run's process: signals, lock, log and last words. `python -m medtui.worker RUN_FOLDER`.

The engine is imported only after the environment that torch reads at import is settled.
"""

import argparse
import errno
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from types import FrameType

from medtui.errors import EnvironmentProblem, MedtuiError
from medtui.events import Noted, RunFailed, RunStarted, RunStopped
from medtui.preset import Preset, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import RunFolder
from medtui.runs.lock import FolderLock, holder_of
from medtui.runs.log_writer import EventWriter
from medtui.upgrade import RESUME_HINT, describe_upgrade, explain_missing_module

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space, quota reached, or a limit on the size of files."""

STOPPED = 4
"""Exit status of a run that was asked to stop; the supervisor alone sees it."""


def main() -> int:
    """Carry one run through; the exit status tells the supervisor how it ended."""
    parser = argparse.ArgumentParser(prog="python -m medtui.worker", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    folder = RunFolder(arguments.folder.resolve())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the connection may drop
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve each other
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # repeatable matrix products
    os.environ["TQDM_DISABLE"] = "1"
    upgrade = describe_upgrade(is_earlier=_is_supervised_by_earlier(folder))
    lock = FolderLock(folder.lock)
    try:
        lock.acquire()
    except MedtuiError as error:
        return _refuse(error)
    try:
        preset = parse_preset(read_text(folder.preset), str(folder.preset))
    except MedtuiError as error:
        if upgrade:
            with EventWriter(folder.events) as log:
                log.write(RunFailed(f"{upgrade} {error.message}", RESUME_HINT))
        return _refuse(error)
    with EventWriter(folder.events) as log:
        if upgrade:
            log.write(Noted(upgrade, "warning"))
        return _carry_through(folder, preset, log, arguments.device)


def _refuse(error: MedtuiError) -> int:
    print(error, file=sys.stderr)  # noqa: T201 - goes to worker.log
    return error.exit_code


def _is_supervised_by_earlier(folder: RunFolder) -> bool:
    """Return whether a version that wrote a bare pid into the lock file runs the study."""
    owner = holder_of(folder.study.lock)
    return owner is not None and owner.pid > 0 and not owner.boot_id


def _carry_through(folder: RunFolder, preset: Preset, log: EventWriter, device: str) -> int:
    from medtui.engine.run.pipeline import execute
    from medtui.engine.run.session import StopFlag, StopRequested

    stop = StopFlag()
    _listen(stop)
    machine = preset.machine
    threads = machine.reference_threads if folder.is_reference else machine.threads
    started = RunStarted(os.getpid(), socket.gethostname(), device, threads=threads)
    try:
        execute(folder, preset, log, stop, started)
    except StopRequested as request:
        log.write(RunStopped(str(request), _cycle(log)))
        return STOPPED
    except Exception as error:  # noqa: BLE001 - whatever it is, the log shall hold it
        traceback.print_exc()
        log.write(explain(error))
        return error.exit_code if isinstance(error, MedtuiError) else EnvironmentProblem.exit_code
    return 0


def _listen(stop: object) -> None:
    """Let SIGTERM and SIGINT ask the run to stop after the step it is in."""

    def ask(number: int, _: FrameType | None) -> None:
        stop.reason = f"asked to by {signal.Signals(number).name}"  # type: ignore[attr-defined] # a StopFlag; its type would import torch

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


def _cycle(log: EventWriter) -> int:
    stage = log.history.stage
    measured = log.history.cycles_of(stage.stage) if stage else []
    return measured[-1].cycle if measured else 0


def explain(error: Exception) -> RunFailed:
    """Turn whatever ended a run into a sentence and a cure."""
    from medtui.engine.run.out_of_memory import describe_out_of_memory, is_out_of_memory

    if isinstance(error, MedtuiError):
        # A wrong preset stays wrong and a diverged loss diverges again; an environment may change.
        is_resumable = isinstance(error, EnvironmentProblem)
        return RunFailed(error.message, error.hint, is_resumable)
    text = str(error)
    if isinstance(error, ImportError) and explain_missing_module(error) is not None:
        return RunFailed(f"medtui was upgraded while this run was running: {text}.", RESUME_HINT)
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return RunFailed(
            f"The disk is full: {error.filename or 'a file could not be written'}.",
            "Free space and resume; the last checkpoint is whole.",
        )
    if is_out_of_memory(error):
        return RunFailed(describe_out_of_memory(text), "Free memory and resume.")
    if "CUDA error" in text or "device-side" in text:
        return RunFailed(
            f"The GPU failed: {text.splitlines()[0]}", "Resume on this or another GPU."
        )
    cure = "The traceback is in worker.log."
    if upgrade := describe_upgrade():  # another version wrote what this one reads
        return RunFailed(f"{upgrade} {type(error).__name__}: {text}", f"{RESUME_HINT} {cure}")
    return RunFailed(f"{type(error).__name__}: {text}", cure)


if __name__ == "__main__":
    sys.exit(main())
