"""The process that follows one run for MLflow: `python -m medtui.mlflow.follower RUN_FOLDER`."""

import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from medtui.errors import EnvironmentProblem
from medtui.mlflow.store import MlflowRun, Point
from medtui.preset import Preset
from medtui.runs.folder import RunFolder
from medtui.tracking.follower import run_follower
from medtui.tracking.state import TrackerState, read_state, write_state
from medtui.tracking.tracker import Artifact, Facts, Measured, Progress, RunDescription, Update

SEND_SECONDS = 5.0
"""Least time between two batches."""

RETRY_SECONDS = 30.0
"""Time until a server that did not answer is tried again."""

_ENDINGS = {"finished": "FINISHED", "failed": "FAILED", "crashed": "FAILED", "stopped": "KILLED"}
"""A run's status to MLflow's."""


class MlflowTracker:
    """A `Tracker` that records a run in an MLflow store.

    Numbers are collected and sent in batches, so that a server that does not answer costs nothing
    but their memory; they are sent when it answers again, or by `medtui track mlflow`.
    """

    def __init__(self, folder: RunFolder, run: MlflowRun, state: TrackerState) -> None:
        self._folder = folder.tracker("mlflow")
        self._run = run
        self._state = state
        self._parameters: Mapping[str, Any] = {}
        self._waiting: list[Point] = []
        self._num_seen = Counter[str]()
        """Points of each name so far, sent or not."""
        self._facts: dict[str, object] = {}
        self._artifacts: list[Artifact] = []
        self._last_ms = 0
        """Time of the latest number, which is that of the result, too."""
        self._next_at = 0.0
        """Monotonic time of the next batch."""

    def log(self, update: Update) -> None:
        """Keep an update; with `Progress`, send what has been kept if it is time to."""
        match update:
            case RunDescription():
                self._parameters = update.parameters
                self._facts["study"] = update.study
            case Measured():
                self._keep(update)
            case Facts():
                self._facts |= update.values
            case Artifact():
                self._artifacts.append(update)
            case Progress():
                self._state = msgspec.structs.replace(
                    self._state, num_records=update.num_records, num_samples=update.num_samples
                )
                if time.monotonic() >= self._next_at:
                    self._try_to_send()
            case _:
                assert_never(update)

    def close(self) -> None:
        """Send what is left, facts and files too, and end the MLflow run.

        Raises:
            EnvironmentProblem: the store does not have all of it.
        """
        problem = self._send() or self._finish()
        self._note(problem)
        if problem:
            raise EnvironmentProblem(f"MLflow does not have all of the run: {problem}")

    def _keep(self, measured: Measured) -> None:
        if measured.time is not None:
            self._last_ms = round(1000 * measured.time)
        for name, value in measured.values.items():
            point = Point(name, value, measured.step or 0, self._last_ms, self._num_seen[name])
            self._num_seen[name] += 1
            self._waiting.append(point)

    def _try_to_send(self) -> None:
        problem = self._send()
        self._next_at = time.monotonic() + (RETRY_SECONDS if problem else SEND_SECONDS)
        if problem != self._state.note or not problem:
            self._note(problem)

    def _send(self) -> str:
        """Send the numbers; return why that was not possible, empty if it was."""
        try:
            self._run.open(self._parameters)
            self._run.log(self._waiting)
        except EnvironmentProblem as error:
            return error.message
        except Exception as error:  # noqa: BLE001 - mlflow's and its HTTP library's, of any kind
            return _line_of(error)
        self._waiting.clear()
        return ""

    def _finish(self) -> str:
        """Send facts and files, and end the run; return what MLflow refused."""
        status = str(self._facts.get("status", ""))
        problem = ""
        try:
            self._run.describe(self._facts)
            for artifact in self._artifacts:
                self._run.attach(artifact.path, f"{artifact.kind}s")
        except Exception as error:  # noqa: BLE001 - as above
            problem = _line_of(error)
        try:
            self._run.end(_ENDINGS.get(status, "KILLED"))
        except Exception as error:  # noqa: BLE001 - as above
            problem = problem or _line_of(error)
        return problem

    def _note(self, problem: str) -> None:
        """Write the state; a new problem also goes to the log."""
        if problem and problem != self._state.note:
            print(problem, file=sys.stderr)  # noqa: T201 - to mlflow/log.txt
        num_failed = self._state.num_failed + bool(problem)
        self._state = msgspec.structs.replace(
            self._state, note=problem, num_failed=num_failed, url=self._run.url or self._state.url
        )
        write_state(self._folder, self._state)


def open_mlflow(run: RunFolder, preset: Preset, _mode: str) -> tuple[MlflowTracker, Progress]:
    """Return a tracker for the run, new or begun by an earlier session; sends nothing yet.

    The store is asked what it has, so that nothing counts as logged here.

    Raises:
        EnvironmentProblem: the preset names no store, and neither does `MLFLOW_TRACKING_URI`.
    """
    address = preset.track.mlflow or os.environ.get("MLFLOW_TRACKING_URI", "")
    if not address:
        raise EnvironmentProblem(
            "No MLflow store is named.",
            hint="Set MLFLOW_TRACKING_URI, or add --set track.mlflow=http://HOST:PORT.",
        )
    folder = run.tracker("mlflow")
    state = read_state(folder)
    if state is None or not state.experiment_key:
        # Written before MLflow is asked for a run: one that is created just before this process is
        # killed is found again by its token.
        state = TrackerState("online", secrets.token_hex(16))
        write_state(folder, state)
    stored = MlflowRun(address, preset.track.project, run.full_name, state.experiment_key)
    return MlflowTracker(run, stored, state), Progress()


def _line_of(error: Exception) -> str:
    """Return an error as one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


if __name__ == "__main__":
    sys.exit(run_follower("mlflow", open_mlflow))
