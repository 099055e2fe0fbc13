"""A run's process: `python -m medtui.worker RUN_FOLDER`. Signals, lock, event log and failures.

The engine is imported only after the environment variables that torch reads at import are set.
"""

import argparse
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

import msgspec

from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.errors import (
    DISK_FULL,
    EnvironmentProblem,
    FailedWrite,
    MedtuiError,
    explain_os_error,
)
from medtui.events import Noted, RunFailed, RunStarted, RunStopped
from medtui.preset import Preset, parse_preset
from medtui.preset.toml import read_text
from medtui.protocol.stdio import leave
from medtui.runs.atomic_file import delete_partial
from medtui.runs.completion import adopt_result, is_finished
from medtui.runs.folder import RunFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.ownership.claim import Superseded
from medtui.runs.ownership.liveness import LockReader, holder_of, is_held
from medtui.runs.ownership.lock import FolderLock
from medtui.telemetry.recording import recorded
from medtui.upgrade import RESUME_HINT, describe_upgrade, explain_missing_module

_AWAIT_SECONDS = 2.0

STOPPED = 4
"""Exit status of a run that stopped on request; only the supervisor sees it."""


def main() -> int:
    """Run to the end; the exit status tells the supervisor how the run ended."""
    parser = argparse.ArgumentParser(prog="python -m medtui.worker", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--silent", default="", help="stamp of an owner that was awaited already")
    parser.add_argument(
        "--after-signal", type=int, default=0, help="signal that ended the last one"
    )
    parser.add_argument(
        "--in-job", action="store_true", help="record telemetry; wait for the run's other worker"
    )
    arguments = parser.parse_args()
    folder = RunFolder(arguments.folder.resolve())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the connection may drop
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve each other
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # repeatable matrix products
    os.environ["TQDM_DISABLE"] = "1"
    if is_finished(folder):
        return 0
    try:
        if arguments.in_job:
            await_free(folder)
        with (
            FolderLock(folder.lock, silent_stamp=arguments.silent) as lock,
            recorded(folder.telemetry, folder.worker_log) if arguments.in_job else nullcontext(),
        ):
            return _own(folder, lock, arguments.device, arguments.after_signal)
    except MedtuiError as error:
        return _refuse(error)


def await_free(folder: RunFolder) -> None:
    """Wait until no other worker computes the run.

    A cluster starts a job again whose node does not answer, although its worker may go on there.
    """
    while (owner := holder_of(folder.lock)) is not None:
        said = f"{owner.describe()} still computes {folder.name}; waiting until it ends"
        print(said, file=sys.stderr, flush=True)  # noqa: T201 - goes to worker.log
        while is_held(folder.lock):
            time.sleep(_AWAIT_SECONDS)


def _own(folder: RunFolder, lock: FolderLock, device: str, after_signal: int) -> int:
    """Execute the run whose lock this process holds; return the exit status.

    Raises:
        Superseded: another process has taken the run over.
    """
    delete_partial(folder.path)
    delete_partial(folder.checkpoint)
    if adopt_result(folder, lock.claim):
        return 0
    upgrade = describe_upgrade(is_earlier=_is_supervised_by_earlier(folder))
    try:
        preset = parse_preset(read_text(folder.preset), str(folder.preset))
    except MedtuiError as error:
        if upgrade:
            with EventWriter(folder.events, claim=lock.claim) as log:
                log.write(RunFailed(f"{upgrade} {error.message}", RESUME_HINT))
        return _refuse(error)
    with EventWriter(folder.events, claim=lock.claim) as log:
        if upgrade:
            log.write(Noted(upgrade, "warning"))
        if after_signal:
            log.write(killed_note(after_signal))
        return _run(folder, preset, log, lock, device)


def killed_note(number: int) -> Noted:
    """Return the line of the log on a worker that a signal ended, written by the next one."""
    return Noted(f"the worker was killed (signal {number}); started again", "warning")


def _refuse(error: MedtuiError) -> int:
    print(error, file=sys.stderr)  # noqa: T201 - goes to worker.log
    return error.exit_code


def _is_supervised_by_earlier(folder: RunFolder) -> bool:
    """Return whether a version that wrote a bare pid into the lock file runs the study."""
    owner = LockReader(folder.study.lock).holder()
    return owner is not None and owner.pid > 0 and not owner.boot_id


def _run(folder: RunFolder, preset: Preset, log: EventWriter, lock: FolderLock, device: str) -> int:
    stop = StopFlag()
    _listen_for_requests(lock, stop)  # importing torch takes seconds
    from medtui.engine.run.pipeline import execute

    machine = preset.machine
    threads = machine.reference_threads if folder.is_trained else machine.threads
    started = RunStarted(os.getpid(), socket.gethostname(), device, threads=threads)
    try:
        execute(folder, preset, log, stop, started)
    except StopRequested as request:
        log.write(RunStopped(str(request), _last_cycle(log)))
        return STOPPED
    except Superseded:
        raise
    except Exception as error:  # noqa: BLE001 - every failure must be in the log
        traceback.print_exc()
        _log_failure(log, explain_sharing(failure_event(error), preset, folder, device))
        return error.exit_code if isinstance(error, MedtuiError) else EnvironmentProblem.exit_code
    return 0


def explain_sharing(
    failure: RunFailed, preset: Preset, folder: RunFolder, device: str
) -> RunFailed:
    """Return the failure; where memory ran out on a shared GPU, its hint says so first."""
    from medtui.engine.run.out_of_memory import GPU_IS_FULL

    num_sharing = preset.machine.runs_per_gpu
    if device == "cpu" or num_sharing == 1 or not failure.message.startswith(GPU_IS_FULL):
        return failure
    hint = (
        f"{num_sharing} runs share a GPU: lower machine.runs_per_gpu in "
        f"{folder.study.preset} and resume, which changes no result. {failure.hint}"
    )
    return msgspec.structs.replace(failure, hint=hint)


def _log_failure(log: EventWriter, failure: RunFailed) -> None:
    """Write the last event; a disk that is still full leaves the run as one that crashed."""
    try:
        log.write(failure)
    except OSError as error:
        print(explain_os_error(error), file=sys.stderr)  # noqa: T201 - goes to worker.log


def _listen_for_requests(lock: FolderLock, stop: StopFlag) -> None:
    """Request a stop after the current step wherever such a request comes from."""
    _install_signal_handlers(stop)
    _listen_to_heartbeat(lock, stop)


def _install_signal_handlers(stop: StopFlag) -> None:
    """Request a stop after the current step on SIGTERM and SIGINT."""

    def request_stop(number: int, _: FrameType | None) -> None:
        stop.reason = f"received {signal.Signals(number).name}"

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)


def _listen_to_heartbeat(lock: FolderLock, stop: StopFlag) -> None:
    """Request a stop after the current step where the folder asks for it, or belongs to another."""

    def request_stop(reason: str) -> None:
        stop.reason = reason

    lock.heartbeat.on_stop = request_stop
    lock.heartbeat.on_superseded = request_stop


def _last_cycle(log: EventWriter) -> int:
    stage = log.history.stage
    measured = log.history.cycles_of(stage.stage) if stage else []
    return measured[-1].cycle if measured else 0


def failure_event(error: Exception) -> RunFailed:
    """Return the event for the error that ended the run, with a hint what to do."""
    from medtui.engine.run.out_of_memory import describe_out_of_memory, is_out_of_memory

    if isinstance(error, MedtuiError):
        # A wrong preset stays wrong and a diverged loss diverges again; an environment may change.
        is_resumable = isinstance(error, EnvironmentProblem)
        return RunFailed(error.message, error.hint, is_resumable)
    text = str(error)
    if isinstance(error, ImportError) and explain_missing_module(error) is not None:
        return RunFailed(f"medtui was upgraded while this run was running: {text}.", RESUME_HINT)
    if isinstance(error, OSError) and (isinstance(error, FailedWrite) or error.errno in DISK_FULL):
        cure = "Free disk space" if error.errno in DISK_FULL else "Make the disk writable"
        hint = f"{cure} and resume; the last checkpoint is undamaged."
        return RunFailed(explain_os_error(error).message, hint)
    if is_out_of_memory(error):
        return RunFailed(describe_out_of_memory(text), "Free memory and resume.")
    if "CUDA error" in text or "device-side" in text:
        return RunFailed(
            f"The GPU failed: {text.splitlines()[0]}", "Resume on this or another GPU."
        )
    hint = "See the traceback in worker.log."
    if upgrade := describe_upgrade():  # another version wrote what this one reads
        return RunFailed(f"{upgrade} {type(error).__name__}: {text}", f"{RESUME_HINT} {hint}")
    return RunFailed(f"{type(error).__name__}: {text}", hint)


if __name__ == "__main__":
    leave(main())
