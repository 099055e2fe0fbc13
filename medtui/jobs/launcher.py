"""Starts, stops and re-attaches the processes of a study. Knows no torch and no screen.

What is started belongs to no terminal: it has a session of its own and no inherited streams.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.jobs.device_slots import settle_threads
from medtui.preset import Preset, anchor_paths, dump_preset, precision_from_environment
from medtui.preset.toml import DocumentError, Source
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import RunFolder, StudyFolder, create_study
from medtui.runs.lock import holder_of, is_held
from medtui.runs.result import LayerSize, Shrinkage
from medtui.runs.signalling import signal_holder
from medtui.units import format_bytes, format_duration

START_SECONDS = 60.0
"""How long a supervisor may take to hold its study's lock."""

_POLL_SECONDS = 0.05

_REASON_LINES = 8
"""How much of its log explains why a supervisor did not start."""


class CellForecast(msgspec.Struct, frozen=True):
    """What a cell of the grid would leave of the network, judged on fresh weights."""

    slug: str
    scheme: str
    density: float | None
    """Asked for; None where the scheme takes none."""
    num_weights: int
    """Compressible weights."""
    num_weights_kept: int
    num_parameters: int
    layers: list[LayerSize] = []
    """What each compressible layer keeps, in order."""
    layers_emptied: list[str] = []
    shrinkage: Shrinkage | None = None
    """What could leave the network; None where no structures are pruned, or it is not known."""
    notes: list[str] = []

    @property
    def structures_kept(self) -> tuple[int, int]:
        """Filters and neurons with a nonzero weight, and all of them."""
        kept = sum(layer.num_structures_kept for layer in self.layers)
        return kept, sum(layer.num_structures for layer in self.layers)

    @property
    def macs_kept(self) -> tuple[int, int]:
        """Multiply-accumulates for one image with a nonzero weight, and all of them."""
        kept = sum(layer.macs_kept for layer in self.layers)
        return kept, sum(layer.macs for layer in self.layers)


class Estimate(msgspec.Struct, frozen=True):
    """How long a study takes, by a few steps measured on its device just now."""

    device: str
    """`cpu`, `cuda:0`."""
    num_side_by_side: int
    """Runs at work at once."""
    seconds_reference: float
    seconds_run: float
    """One compression."""
    seconds_study: float
    bytes_disk: int
    """At most: models, and the checkpoints of the runs at work."""


class Preflight(msgspec.Struct, frozen=True, tag_field="answer", tag=True):
    """What a preset would do, found out before anything is started."""

    num_train: int
    num_val: int
    num_test: int
    num_patients: int
    """0 where the data set knows no patients."""
    classes: list[str]
    cells: list[CellForecast]
    penalty_budget: float
    """B of the L-C settings; below 3 theta is little more than direct compression."""
    notes: list[str] = []
    estimate: Estimate | None = None
    """None where it was not asked for."""


class Refusal(msgspec.Struct, frozen=True, tag_field="answer", tag=True):
    """Why a preset cannot be run."""

    message: str
    hint: str
    exit_code: int
    key: list[str] = []
    """Keys of the preset that lead to it."""


def preflight(
    preset: Preset, source: Source | None = None, *, is_measured: bool = False
) -> Preflight:
    """Try a preset in a short-lived process of its own, which knows torch; some seconds.

    With `source`, where the preset's values come from, an error names the line or the option that
    leads to it. `is_measured` asks for an estimate of time and disk as well.

    Raises:
        UsageError: the preset asks for what cannot be: a density that keeps no weight, a scheme
            that does not fit the network.
        EnvironmentProblem: data are missing, or the process could not answer.
    """
    done = subprocess.run(
        [sys.executable, "-m", "medtui.engine.preflight", *(["--measure"] if is_measured else [])],
        input=dump_preset(preset).encode(),
        capture_output=True,
        check=False,
    )
    try:
        answer = msgspec.json.decode(done.stdout, type=Preflight | Refusal)
    except msgspec.MsgspecError as error:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        reason = last or "no answer"
        raise EnvironmentProblem(f"The preset could not be tried: {reason}.") from error
    if isinstance(answer, Refusal):
        raise _refused(answer, source)
    return answer


def _refused(refusal: Refusal, source: Source | None) -> MedtuiError:
    if source is not None and refusal.key:
        sentence = f"{refusal.message} {refusal.hint}".strip()
        problem = source.problem_at(tuple(refusal.key), sentence)
        return DocumentError(source.origin, [problem], exit_code=refusal.exit_code)
    kind = {2: UsageError, 3: EnvironmentProblem}.get(refusal.exit_code, MedtuiError)
    return kind(refusal.message, hint=refusal.hint, key=refusal.key)


def prepare_study(preset: Preset, runs_dir: Path) -> StudyFolder:
    """Make a study's folder with its preset, resolved for this machine; start nothing.

    Raises:
        UsageError: the folder cannot be written, or `MEDTUI_FAST_PRECISION` is no precision.
    """
    resolved = _resolve(preset)
    study = create_study(runs_dir, preset.name)
    publish_text(study.preset, dump_preset(resolved))
    return study


def _resolve(preset: Preset) -> Preset:
    """Fill in what the machine and the environment decide, so that a repetition computes alike."""
    lc, precision = preset.lc, precision_from_environment()
    if lc.mode == "fast" and lc.fast_precision is None:
        lc = lc.model_copy(update={"fast_precision": precision})
    return anchor_paths(preset).model_copy(update={"machine": settle_threads(preset), "lc": lc})


def start_study(preset: Preset, runs_dir: Path) -> StudyFolder:
    """Make a study's folder and start its supervisor, detached from this process.

    Raises:
        UsageError: the folder cannot be written.
        EnvironmentProblem: the supervisor did not come up.
    """
    study = prepare_study(preset, runs_dir)
    resume_study(study)
    return study


def resume_study(study: StudyFolder) -> None:
    """Start a supervisor for what is unfinished in a study.

    Raises:
        UsageError: `MEDTUI_FAST_PRECISION` is no precision.
        EnvironmentProblem: one is at work already, or it did not come up.
    """
    precision_from_environment()  # a wrong value must not fail a run that could go on
    owner = holder_of(study.lock)
    if owner is not None:
        raise EnvironmentProblem(f"{study.name} is running already ({owner.describe()}).")
    with study.supervisor_log.open("ab") as output:
        log_start = output.tell()
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "medtui.jobs.supervisor", str(study.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            close_fds=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        owner = holder_of(study.lock)
        if owner is not None and owner.pid == supervisor.pid:
            return
        if supervisor.poll() is not None:
            break
        time.sleep(_POLL_SECONDS)
    if supervisor.poll() != 0:
        raise EnvironmentProblem(
            f"The supervisor of {study.name} did not start: {_log_since(study, log_start)}",
            hint=f"See {study.supervisor_log}.",
        )


def _log_since(study: StudyFolder, log_start: int) -> str:
    """Return the last lines a supervisor has printed; an error's last line is only its hint."""
    text = study.supervisor_log.read_bytes()[log_start:].decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-_REASON_LINES:]) or "it printed nothing."


def stop_study(study: StudyFolder) -> bool:
    """Ask a study to stop after the steps its runs are in; return whether anything was at work.

    Asked a second time, the supervisor kills what has not stopped after 20 s.

    Raises:
        EnvironmentProblem: it runs elsewhere, or belongs to another user.
    """
    if is_held(study.lock):
        return signal_holder(study.lock, signal.SIGTERM, study.name)
    was_at_work, problems = False, list[EnvironmentProblem]()
    for run in study.runs():
        try:
            was_at_work |= stop_run(run)
        except EnvironmentProblem as problem:  # the other runs are to be asked all the same
            problems.append(problem)
    if problems:
        raise problems[0]
    return was_at_work


def stop_run(run: RunFolder) -> bool:
    """Ask one run to stop after the step it is in; its study goes on with the next run.

    Raises:
        EnvironmentProblem: it runs elsewhere, or belongs to another user.
    """
    return signal_holder(run.lock, signal.SIGTERM, f"{run.study.name}/{run.name}")


def describe_estimate(estimate: Estimate) -> str:
    """Say how long a study takes and how much disk it fills."""
    at_once = f", {estimate.num_side_by_side} at once" if estimate.num_side_by_side > 1 else ""
    return (
        f"about {format_duration(estimate.seconds_study)} on {estimate.device}: reference "
        f"{format_duration(estimate.seconds_reference)}, each run "
        f"{format_duration(estimate.seconds_run)}{at_once}; at most "
        f"{format_bytes(estimate.bytes_disk)} of disk"
    )
