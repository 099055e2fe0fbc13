"""The process that follows one run for Comet: `python -m medtui.comet.follower RUN_FOLDER`."""

import sys
import time
from typing import assert_never

import msgspec

from medtui.comet import access
from medtui.comet.experiment import Experiment, open_offline, open_online
from medtui.errors import EnvironmentProblem
from medtui.preset import Preset
from medtui.runs.folder import RunFolder
from medtui.tracking.follower import run_follower
from medtui.tracking.state import TrackerState, log_path, read_state, write_state
from medtui.tracking.tracker import Artifact, Facts, Measured, Progress, RunDescription, Update

STATE_SECONDS = 10.0
"""Least time between two writes of the state while the run is followed."""


class CometTracker:
    """A `Tracker` that records a run as one Comet experiment."""

    def __init__(self, run: RunFolder, experiment: Experiment, state: TrackerState) -> None:
        self._run = run
        self._experiment = experiment
        self._state = state
        self._written_at = 0.0
        """Monotonic time of the state's last write."""

    def log(self, update: Update) -> None:
        """Send an update, or keep it for the archive; a call that fails is counted."""
        match update:
            case RunDescription():
                self._experiment.introduce(update.name, [update.study], update.parameters)
                self._write_state()
            case Measured():
                self._experiment.log(update.values, update.step, update.epoch)
            case Facts():
                self._experiment.describe(update.values)
            case Artifact():
                self._attach(update)
            case Progress():
                self._state = msgspec.structs.replace(
                    self._state, num_records=update.num_records, num_samples=update.num_samples
                )
                if time.monotonic() - self._written_at >= STATE_SECONDS:
                    self._write_state()
            case _:
                assert_never(update)

    def close(self) -> None:
        """Send what is left, or write the archive, and note it in the state.

        Raises:
            EnvironmentProblem: comet_ml wrote no archive.
        """
        self._experiment.end()
        self._keep_archive()
        self._write_state()

    def _attach(self, artifact: Artifact) -> None:
        match artifact.kind:
            case "file":
                self._experiment.attach(artifact.path)
            case "figure":
                self._experiment.attach_figure(artifact.path)
            case "model":
                self._experiment.attach_model(self._run.name, artifact.path)
            case _:
                assert_never(artifact.kind)

    def _write_state(self) -> None:
        self._written_at = time.monotonic()
        self._state = msgspec.structs.replace(self._state, num_failed=self._experiment.num_failed)
        write_state(self._run.comet, self._state)

    def _keep_archive(self) -> None:
        """Note the new archive and delete those of earlier sessions, which hold less."""
        if self._state.mode == "online":
            return
        folder, name = self._run.comet, f"{self._state.experiment_key}.zip"
        if not (folder / name).is_file():
            raise EnvironmentProblem(f"comet_ml wrote no archive. See {log_path(self._run.comet)}.")
        self._state = msgspec.structs.replace(self._state, archive=name)
        for other in folder.glob("*.zip"):
            if other.name != name:
                other.unlink()


def open_comet(run: RunFolder, preset: Preset, mode: str) -> tuple[CometTracker, Progress]:
    """Begin or continue the run's experiment; offline where the server cannot be used."""
    note = ""
    before = read_state(run.comet)
    if mode == "online":
        note = access.why_offline()
        try:
            if not note:
                return _open_online(run, preset, before)
        except EnvironmentProblem as error:
            note = error.message
        print(f"recorded offline: {note}", file=sys.stderr)  # noqa: T201 - to comet/log.txt
    experiment = open_offline(run.comet, preset.track)
    state = TrackerState("offline", experiment.key, note=note)
    return CometTracker(run, experiment, state), Progress()


def _open_online(
    run: RunFolder, preset: Preset, before: TrackerState | None
) -> tuple[CometTracker, Progress]:
    """Continue the experiment that an earlier session sent, without what it holds already."""
    known = before if before and before.mode == "online" else None
    key = known.experiment_key if known else ""
    experiment = open_online(preset.track, key)
    if known is None or not key:
        state = TrackerState("online", experiment.key, experiment.url)
        return CometTracker(run, experiment, state), Progress()
    tracker = CometTracker(run, experiment, known)
    return tracker, Progress(known.num_records, known.num_samples)


if __name__ == "__main__":
    sys.exit(run_follower("comet", open_comet))
