"""Starts and stops the processes of a study. Imports no torch and no screen.

Started processes are independent of the terminal: own session, no inherited streams.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from medtui.child_process import ChildProcess, child_environment
from medtui.errors import EnvironmentProblem, MedtuiError, explain_os_error
from medtui.fork_server import ForkServer
from medtui.jobs.device_slots import resolve_threads
from medtui.jobs.schedulers.left_jobs import cancel_job
from medtui.jobs.standby import Standby
from medtui.jobs.tracker import require_trackers
from medtui.preset import Preset, anchor_paths, dump_preset, precision_from_environment
from medtui.preset.toml import DocumentError, Source
from medtui.protocol.preflight import Estimate, Preflight, PreflightRequest, decoder
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ownership.liveness import SILENT_SECONDS, LockReader, holder_of
from medtui.runs.ownership.signalling import request_stop
from medtui.runs.runs_dir import create_study
from medtui.storage import open_log, read_tail
from medtui.units import format_bytes, format_duration, plural
from medtui.upgrade import explain_missing_child

START_SECONDS = 60.0
"""How long a supervisor may take to acquire its study's lock, beside waiting for a heartbeat."""

_POLL_SECONDS = 0.05

_REASON_BYTES = 64 * 1024
"""Length of the end of its log that is read for them."""

_REASON_LINES = 8
"""Lines of its log that are shown when a supervisor did not start."""


def preflight(
    preset: Preset, source: Source | None = None, *, is_measured: bool = False,
    skips_impossible: bool = False,
    started: Callable[[ChildProcess[Preflight]], object] | None = None,
    server: ForkServer | None = None,
) -> Preflight:  # fmt: skip
    """Check a preset in a short-lived child process with torch; takes some seconds.

    With `source`, the origin of the preset's values, an error names the line or the option that
    causes it. `is_measured` adds an estimate of time and disk space. With `skips_impossible`, cells
    that cannot work are returned as such instead of being an error. `started` receives the process,
    which may be cancelled from another thread; `server` forks it where it can.

    Raises:
        UsageError: the preset cannot run: a density keeps no weight, a scheme does not fit the
            network.
        EnvironmentProblem: data or a tracker's library are missing, or the process could not
            answer.
    """
    request = PreflightRequest(dump_preset(preset), is_measured, skips_impossible)
    try:
        require_trackers(preset.track)
        with ChildProcess(
            "medtui.engine.preflight",
            decoder,
            request,
            error_prefix="The preset could not be checked",
            has_own_session=is_measured,
            server=server,
        ) as process:
            if started is not None:
                started(process)
            return process.result()
    except MedtuiError as error:
        if source is None or not error.key:
            raise
        sentence = f"{error.message} {error.hint}".strip()
        problem = source.problem_at(error.key, sentence)
        raise DocumentError(source.origin, [problem], exit_code=error.exit_code) from error


def prepare_study(preset: Preset, runs_dir: Path) -> StudyFolder:
    """Create a study's folder with its preset, resolved for this machine; start nothing.

    Raises:
        UsageError: the folder cannot be written, or `MEDTUI_FAST_PRECISION` is not a precision.
        EnvironmentProblem: the disk is full, or failed; no folder is left.
    """
    resolved = _resolve(preset)
    study = create_study(runs_dir, preset.name)
    try:
        publish_text(study.preset, dump_preset(resolved))
    except OSError as error:
        study.path.rmdir()  # no list would show a folder without a preset
        raise explain_os_error(error) from error
    return study


def _resolve(preset: Preset) -> Preset:
    """Return the preset with what machine and environment decide, so that repetitions are alike."""
    compute, precision = preset.compute, precision_from_environment()
    if preset.is_fast_somewhere and compute.precision is None:
        compute = compute.model_copy(update={"precision": precision})
    update = {"machine": resolve_threads(preset), "compute": compute}
    return anchor_paths(preset).model_copy(update=update)


def start_study(preset: Preset, runs_dir: Path, standby: Standby | None = None) -> StudyFolder:
    """Create a study's folder and start its supervisor, detached from this process.

    `standby` is a supervisor that runs already.

    Raises:
        UsageError: the folder cannot be written.
        EnvironmentProblem: the supervisor did not start.
    """
    study = prepare_study(preset, runs_dir)
    resume_study(study, standby)
    return study


def resume_study(study: StudyFolder, standby: Standby | None = None) -> None:
    """Start a supervisor for the unfinished runs of a study; `standby` is one that waits for it.

    Raises:
        UsageError: `MEDTUI_FAST_PRECISION` is not a precision.
        EnvironmentProblem: one is running already, or it did not start.
    """
    precision_from_environment()  # refuse a wrong value here: in the worker it would fail the run
    owner = holder_of(study.lock)
    if owner is not None:
        raise EnvironmentProblem(
            f"{study.name} is already running ({owner.describe()}).",
            hint=f"Follow it: medtui attach {study.name}. One asked to stop ends after its "
            "runs' current steps; resume it then.",
        )
    with open_log(study.supervisor_log) as output:
        log_start = output.seek(0, 2)
        released = standby.release(str(study.path.resolve())) if standby else None
        supervisor = released or subprocess.Popen(
            [sys.executable, "-m", "medtui.jobs.supervisor", str(study.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            close_fds=True,
            env=child_environment(),
        )
    deadline = time.monotonic() + START_SECONDS + SILENT_SECONDS
    reader = LockReader(study.lock)
    while time.monotonic() < deadline:
        owner = reader.holder()
        if owner is not None and owner.is_local and owner.pid == supervisor.pid:
            return
        if supervisor.poll() is not None:
            break
        time.sleep(_POLL_SECONDS)
    if supervisor.poll() != 0:
        upgraded = explain_missing_child(_log_since(study, log_start))
        if upgraded is not None:
            raise upgraded
        raise EnvironmentProblem(
            f"The supervisor of {study.name} did not start: {_log_since(study, log_start)}",
            hint=f"See {study.supervisor_log}.",
        )


def _log_since(study: StudyFolder, log_start: int) -> str:
    """Return the last lines that a supervisor printed: an error's last line is only its hint."""
    size = study.supervisor_log.stat().st_size - log_start
    text = read_tail(study.supervisor_log, min(size, _REASON_BYTES)).decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-_REASON_LINES:]) or "no output."


def stop_study(study: StudyFolder) -> bool:
    """Request a study to stop after its runs' current steps; return whether anything was running.

    On a second request, the supervisor kills workers that have not stopped after 20 s.

    Raises:
        EnvironmentProblem: it belongs to another user, or cannot be asked.
    """
    owner = LockReader(study.lock).holder()
    was_running = request_stop(study.lock, study.name)
    if was_running and not (owner and owner.is_elsewhere):
        return True  # it stops its runs; one elsewhere may be gone, and its runs still be there
    problems = list[EnvironmentProblem]()
    for run in study.runs():
        try:
            was_running |= stop_run(run)
        except EnvironmentProblem as problem:  # the other runs are still asked to stop
            problems.append(problem)
    if problems:
        raise problems[0]
    return was_running


def stop_run(run: RunFolder) -> bool:
    """Request a run to stop after its current step; its study continues with the next run.

    A job of it that waits in a cluster's queue is cancelled.

    Return whether it was running.

    Raises:
        EnvironmentProblem: it belongs to another user, or cannot be asked.
    """
    was_running = request_stop(run.lock, run.full_name)
    return was_running or cancel_job(run.path)


def describe_estimate(estimate: Estimate) -> str:
    """Return how long a study takes, its disk space, and the load during the measurement.

    For example: about 3 min on cpu: reference 1 min 41 s, each run 50 s, 2 at once; at most 1 GiB
    of disk; measured at load 0.4 on 2 cores.
    """
    details = [
        f"reference {format_duration(estimate.seconds_reference)}",
        f"each run {format_duration(estimate.seconds_run)}",
    ]
    tuned = sum(each.seconds for each in estimate.stages_run if each.stage == "finetune")
    if tuned:
        details[-1] += f" with {format_duration(tuned)} of fine-tuning"
    if estimate.num_side_by_side > 1:
        details.append(f"{estimate.num_side_by_side} at once")
    if estimate.seconds_scratch:
        details.append(f"from scratch {format_duration(estimate.seconds_scratch)}")
    if estimate.seconds_benchmark:
        details.append(f"benchmark at most {format_duration(estimate.seconds_benchmark)}")
    text = (
        f"about {format_duration(estimate.seconds_study)} on {estimate.device}: "
        f"{', '.join(details)}; at most {format_bytes(estimate.bytes_disk)} of disk"
    )
    if not estimate.cores:
        return text
    return f"{text}; measured at load {estimate.load:.1f} on {plural(estimate.cores, 'core')}"
