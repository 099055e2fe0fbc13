"""The process that follows one run for a tracker: `python -m MODULE RUN_FOLDER --mode MODE`.

`--set KEY=VALUE` overrides a key of the run's preset, such as the address of a server.

MODULE is the tracker's own; it calls `run_follower`. The process only reads the run, which never
waits for it and does not notice its end. It ends on SIGTERM, or when neither the study nor the run
is running any more, after it has read the log to its end.
"""

import argparse
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from medtui.errors import EnvironmentProblem, MedtuiError
from medtui.monitor.run_feed import RunFeed
from medtui.preset import Preset, load_preset, parse_preset
from medtui.preset.toml import read_text
from medtui.runs.folder import RunFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.ownership.liveness import is_held
from medtui.runs.ownership.lock import FolderLock
from medtui.runs.result import read_result
from medtui.sharing.scrubbing import shared_settings
from medtui.telemetry import SampleTail
from medtui.tracking import content
from medtui.tracking.pseudonymised import PseudonymisedTracker
from medtui.tracking.tracker import (
    Artifact,
    Facts,
    Measured,
    OpenTracker,
    Progress,
    RunDescription,
    Tracker,
)
from medtui.upgrade import describe_upgrade

POLL_SECONDS = 1.0

LOCK_SECONDS = 60.0
"""How long the follower of an earlier session may take to finish its record."""

NICENESS = 5
"""Training has priority."""


class Follower:
    """Reads a run's folder and logs what is new to a tracker."""

    def __init__(self, run: RunFolder, name: str, tracker: Tracker, logged: Progress) -> None:
        self._run = run
        self._folder = run.tracker(name)
        self._tracker = tracker
        self._logged = logged
        self._events = EventTail(run.events)
        self._samples = SampleTail(run.telemetry)
        self._fold = content.LogFold()
        self._num_records = 0
        self._num_samples = 0
        self._began_at = 0.0
        """Time of the first sample."""

    def describe(self, preset: Preset) -> None:
        """Log what the run is."""
        run, study = self._run.name, self._run.study.name
        parameters = content.parameters_of(preset, study, run)
        self._tracker.log(RunDescription(f"{study}/{run}", study, parameters))

    def poll(self) -> bool:
        """Log what is new; return whether there was anything."""
        records, samples = self._events.poll(), self._samples.poll()
        if self._events.was_replaced:
            self._count_again()
        for record in records:
            # Also the records that are logged already: the fold counts the steps of each cycle.
            measured = self._fold.add(record)
            self._num_records += 1
            if measured and self._num_records > self._logged.num_records:
                self._tracker.log(measured)
        for sample in samples:
            self._began_at = self._began_at or sample.time
            self._num_samples += 1
            if self._num_samples > self._logged.num_samples:
                self._tracker.log(content.measure_sample(sample, self._began_at))
        if records or samples:
            self._log_progress()
        return bool(records or samples)

    def conclude(self, *, with_model: bool) -> None:
        """Log the rest, the outcome, figures and files of a run that has ended."""
        while self.poll():
            pass
        feed = RunFeed(self._run)
        feed.refresh()
        while feed.is_behind:
            feed.refresh()
        self._tracker.log(Facts({"status": feed.status}))
        result = read_result(self._run)
        if result is not None:
            self._tracker.log(Measured(content.measure_result(result)))
            facts = {name: getattr(result, name) for name in ("scheme", "density", "device_name")}
            facts["positive_class"] = result.positive.name if result.positive else None
            self._tracker.log(Facts(facts | {"warnings": "\n".join(result.warnings)}))
        for path in self._figures():
            self._tracker.log(Artifact(path, "figure"))
        for path in (self._run.preset, self._run.provenance, self._run.result):
            if path.is_file():
                self._tracker.log(Artifact(path, "file"))
        if with_model and self._run.model.is_file():
            self._tracker.log(Artifact(self._run.model, "model"))

    def _count_again(self) -> None:
        """Begin with the first record; a writer that took the run over has copied the log."""
        num_records = max(self._logged.num_records, self._num_records)
        self._logged = Progress(num_records, self._logged.num_samples)
        self._fold, self._num_records = content.LogFold(), 0

    def _log_progress(self) -> None:
        self._tracker.log(
            Progress(
                max(self._logged.num_records, self._num_records),
                max(self._logged.num_samples, self._num_samples),
            )
        )

    def _figures(self) -> list[Path]:
        """Draw the run's figures; a failure leaves out the figures alone."""
        from medtui.tracking.figures import write_figures

        try:
            return write_figures(self._run, self._folder / "figures")
        except Exception as error:  # noqa: BLE001 - logs and results of any age are drawn
            print(f"could not draw the figures: {error!r}", file=sys.stderr)  # noqa: T201 - to log.txt
            return []


@dataclass(frozen=True)
class _Target:
    """The run that is followed, and for what."""

    run: RunFolder
    tracker: str
    """Its name in `medtui.preset.TRACKERS`."""
    mode: str
    overrides: list[str]

    def preset(self) -> Preset:
        """Read the run's preset."""
        if self.overrides:
            return load_preset(str(self.run.preset), self.overrides)
        return parse_preset(read_text(self.run.preset), str(self.run.preset))


def _follow(target: _Target, open_tracker: OpenTracker, end: "End") -> None:
    """Follow a run until it ends or `end` is requested, then close the tracker."""
    run, preset = target.run, target.preset()
    tracker, logged = open_tracker(run, preset, target.mode)
    settings = preset
    if preset.track.pseudonymise:
        tracker = PseudonymisedTracker(tracker, run, run.tracker(target.tracker) / "shared")
        settings = shared_settings(preset)
    follower = Follower(run, target.tracker, tracker, logged)
    follower.describe(settings)
    while not end.is_requested and _is_running(run):
        follower.poll()
        end.wait(POLL_SECONDS)
    follower.conclude(with_model=preset.track.upload_model)
    tracker.close()


class End:
    """Whether the process was asked to end, by SIGTERM, SIGINT or `--once`; ignores SIGHUP."""

    def __init__(self, *, is_requested: bool) -> None:
        self.is_requested = is_requested
        """Whether to log what there is, and end."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def wait(self, seconds: float) -> None:
        """Sleep; a signal shortens it."""
        deadline = time.monotonic() + seconds
        while not self.is_requested and time.monotonic() < deadline:
            time.sleep(0.1)

    def _request(self, _number: int, _frame: object) -> None:
        self.is_requested = True


def _is_running(run: RunFolder) -> bool:
    return is_held(run.study.lock) or is_held(run.lock)


def _acquire(lock: FolderLock) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return lock.acquire()
        except EnvironmentProblem:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def run_follower(name: str, open_tracker: OpenTracker) -> int:
    """Follow the run that the command line names; return the exit status.

    `name` is the tracker's in `medtui.preset.TRACKERS`.
    """
    parser = argparse.ArgumentParser(description=f"Follow a run for the tracker {name}.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mode", choices=["offline", "online"], default="offline")
    parser.add_argument("--once", action="store_true", help="log what there is, and end")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    arguments = parser.parse_args()
    run = RunFolder(arguments.folder.resolve())
    target = _Target(run, name, arguments.mode, arguments.overrides)
    end = End(is_requested=arguments.once)
    if note := describe_upgrade():
        print(note, file=sys.stderr)  # noqa: T201 - to log.txt
    os.nice(NICENESS)
    folder = run.tracker(name)
    try:
        folder.mkdir(exist_ok=True)
        lock = FolderLock(folder / "lock")
        _acquire(lock)
        _follow(target, open_tracker, end)
        lock.release()
    except MedtuiError as error:
        print(error, file=sys.stderr)  # noqa: T201 - to log.txt
        return error.exit_code
    return 0
