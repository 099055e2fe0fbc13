"""Follows one run for Comet: `python -m medtui.comet.follower RUN_FOLDER`.

A reader like any other: the run never waits for it and does not notice its end. It ends on SIGTERM
or when nobody works on the study any more, and reads the log to its end before.
"""

import argparse
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from medtui.comet import access, content
from medtui.comet.experiment import Experiment, open_offline, open_online
from medtui.comet.state import CometState, read_state, write_state
from medtui.errors import EnvironmentProblem, MedtuiError
from medtui.monitor.catalogue import RunFeed
from medtui.preset import Preset, TrackSettings, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import RunFolder
from medtui.runs.lock import FolderLock, is_held
from medtui.runs.log_reader import EventTail
from medtui.runs.result import read_result
from medtui.telemetry import SampleTail

POLL_SECONDS = 1.0

STATE_SECONDS = 10.0
"""Between two notes of how far Comet knows the run."""

LOCK_SECONDS = 60.0
"""How long the follower of an earlier session may take to write its archive."""

NICENESS = 5
"""Training comes first."""


@dataclass
class Follower:
    """Reads a run's folder and tells an experiment."""

    run: RunFolder
    experiment: Experiment
    state: CometState
    """What an earlier session has sent already is not sent again."""
    _fold: content.LogFold = field(default_factory=content.LogFold)
    _num_records: int = 0
    _num_samples: int = 0
    _began_at: float = 0.0
    """Time of the first sample."""

    def __post_init__(self) -> None:
        self._events = EventTail(self.run.events)
        self._samples = SampleTail(self.run.telemetry)

    def poll(self) -> bool:
        """Tell what is new; give whether there was anything."""
        records, samples = self._events.poll(), self._samples.poll()
        for record in records:
            measured = self._fold.add(record)
            self._num_records += 1
            if measured and self._num_records > self.state.num_records:
                self.experiment.log(measured.values, measured.step, measured.epoch)
        for sample in samples:
            self._began_at = self._began_at or sample.time
            self._num_samples += 1
            if self._num_samples > self.state.num_samples:
                measured = content.measure_sample(sample, self._began_at)
                self.experiment.log(measured.values, measured.step)
        return bool(records or samples)

    def conclude(self, settings: TrackSettings) -> None:
        """Tell what is known when the run is over: outcome, versions, files."""
        while self.poll():
            pass
        feed = RunFeed(self.run)
        feed.refresh()
        while feed.is_behind:
            feed.refresh()
        self.experiment.describe({"status": feed.status})
        result = read_result(self.run)
        if result is not None:
            self.experiment.log(content.measure_result(result))
            facts = {name: getattr(result, name) for name in ("scheme", "density", "device_name")}
            self.experiment.describe(facts | {"warnings": "\n".join(result.warnings)})
        for path in self._figures():
            self.experiment.attach_figure(path)
        for path in (self.run.preset, self.run.provenance, self.run.result):
            if path.is_file():
                self.experiment.attach(path)
        if settings.upload_model and self.run.model.is_file():
            self.experiment.attach_model(self.run.name, self.run.model)

    def _figures(self) -> list[Path]:
        """Draw what the run came to; a figure that cannot be drawn costs nothing but itself."""
        from medtui.comet.figures import write_figures

        try:
            return write_figures(self.run, self.run.comet / "figures")
        except Exception as error:  # noqa: BLE001 - logs and results of any age are drawn
            print(f"no figures: {error!r}", file=sys.stderr)  # noqa: T201 - to comet/log.txt
            return []

    def note_state(self) -> None:
        """Write how far Comet knows the run."""
        self.state = msgspec.structs.replace(
            self.state,
            num_records=max(self.state.num_records, self._num_records),
            num_samples=max(self.state.num_samples, self._num_samples),
            num_failed=self.experiment.num_failed,
        )
        write_state(self.run, self.state)


def open_follower(run: RunFolder, preset: Preset, mode: str) -> Follower:
    """Begin, or go on with, the run's experiment; offline where nothing can be sent."""
    note = ""
    before = read_state(run)
    if mode == "online":
        note = access.why_offline()
        try:
            if not note:
                key = before.experiment_key if before and before.mode == "online" else ""
                experiment = open_online(preset.track, key)
                fresh = CometState("online", experiment.key, experiment.url)
                return _introduced(
                    Follower(run, experiment, before if key and before else fresh), preset
                )
        except EnvironmentProblem as error:
            note = error.message
        print(f"recorded offline: {note}", file=sys.stderr)  # noqa: T201 - to comet/log.txt
    experiment = open_offline(run.comet, preset.track)
    state = CometState("offline", experiment.key, note=note)
    return _introduced(Follower(run, experiment, state), preset)


def _introduced(follower: Follower, preset: Preset) -> Follower:
    run = follower.run
    study = run.study.name
    follower.experiment.introduce(
        f"{study}/{run.name}", [study], content.parameters_of(preset, study, run.name)
    )
    write_state(run, follower.state)
    return follower


def follow(follower: Follower, preset: Preset, is_asked: "Asked") -> None:
    """Follow until asked to end or nobody is at work; then write the archive."""
    run = follower.run
    noted_at = time.monotonic()
    while not is_asked.to_end and _is_at_work(run):
        follower.poll()
        if time.monotonic() - noted_at >= STATE_SECONDS:
            noted_at = time.monotonic()
            follower.note_state()
        is_asked.wait(POLL_SECONDS)
    follower.conclude(preset.track)
    follower.experiment.end()
    _keep_archive(follower)
    follower.note_state()


class Asked:
    """Whether SIGTERM or SIGINT came. The connection may drop without harm."""

    def __init__(self, *, to_end: bool) -> None:
        self.to_end = to_end
        """Whether to tell what there is and end."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def wait(self, seconds: float) -> None:
        """Sleep; a signal shortens it."""
        deadline = time.monotonic() + seconds
        while not self.to_end and time.monotonic() < deadline:
            time.sleep(0.1)

    def _note(self, _number: int, _frame: object) -> None:
        self.to_end = True


def _is_at_work(run: RunFolder) -> bool:
    return is_held(run.study.lock) or is_held(run.lock)


def _keep_archive(follower: Follower) -> None:
    """Note the new archive and drop those of earlier sessions, which hold less."""
    if follower.state.mode == "online":
        return
    run, name = follower.run, f"{follower.state.experiment_key}.zip"
    if not (run.comet / name).is_file():
        raise EnvironmentProblem(f"comet_ml wrote no archive; see {run.comet / 'log.txt'}.")
    follower.state = msgspec.structs.replace(follower.state, archive=name)
    for other in run.comet.glob("*.zip"):
        if other.name != name:
            other.unlink()


def _acquire(lock: FolderLock) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return lock.acquire()
        except EnvironmentProblem:
            if time.monotonic() > deadline:
                raise


def main() -> int:
    """Follow the run of one folder."""
    parser = argparse.ArgumentParser(prog="python -m medtui.comet.follower")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mode", choices=["offline", "online"], default="offline")
    parser.add_argument("--once", action="store_true", help="tell what there is, and end")
    arguments = parser.parse_args()
    run = RunFolder(arguments.folder.resolve())
    asked = Asked(to_end=arguments.once)
    os.nice(NICENESS)
    try:
        run.comet.mkdir(exist_ok=True)
        lock = FolderLock(run.comet / "lock")
        _acquire(lock)
        preset = parse_preset(read_text(run.preset), str(run.preset))
        follow(open_follower(run, preset, arguments.mode), preset, asked)
        lock.release()
    except MedtuiError as error:
        print(error, file=sys.stderr)  # noqa: T201 - to comet/log.txt
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
