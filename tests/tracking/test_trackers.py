"""A tracker is one module and one row: the supervisor's side, the follower and the command line."""

import importlib.util
import json
import os
import shutil

import pytest

from medtui.cli.show import tracking as shown
from medtui.events import CycleEnded
from medtui.jobs import tracker as jobs
from medtui.monitor.study_feed import StudyFeed
from medtui.preset import TRACKERS, TrackerRow, TrackSettings
from medtui.preset.tracking import TrackMode
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.telemetry import read_samples
from medtui.tracking.follower import Follower
from medtui.tracking.tracker import Measured, Progress, Update
from tests.helpers.paths import RECORDED, REPOSITORY

TOY = TrackerRow("toy", "Toy", "tests.helpers.toy_tracker", "toy", "json", "", "toy upload")


class ToySettings(TrackSettings):
    """The section with the toy tracker's key."""

    toy: TrackMode = "off"


@pytest.fixture
def run(tmp_path, monkeypatch) -> RunFolder:
    """A recorded run, and a table of trackers that also has the toy."""
    for module in (jobs, shown):
        monkeypatch.setattr(module, "TRACKERS", (*TRACKERS, TOY))
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    return StudyFolder(tmp_path / "cells").run("prune-0.1")


def test_a_registered_tracker_receives_a_run(run):
    """Description, every cycle's numbers, telemetry, outcome, figures and files, in that order."""
    (process,) = jobs.start_trackers(run, ToySettings(toy="offline"))
    process.wait(240)
    folder = run.tracker("toy")
    lines = (folder / "updates.jsonl").read_text().splitlines()
    updates = [json.loads(line) for line in lines]
    assert updates[0]["update"] == "RunDescription"
    assert updates[0]["name"] == "cells/prune-0.1"
    assert updates[0]["parameters"]["lc.steps"] == 4
    records = EventTail(run.events).read_all()
    cycles = [each.event for each in records if isinstance(each.event, CycleEnded)]
    logged = [
        value
        for each in updates if each["update"] == "Measured"
        for name, value in each["values"].items() if name.endswith("/val/accuracy")
        if not name.startswith("result/")
    ]  # fmt: skip
    assert logged == [cycle.val["accuracy"] for cycle in cycles]
    samples, _ = read_samples(run.telemetry)
    counts = [each for each in updates if each["update"] == "Progress"][-1]
    assert (counts["num_records"], counts["num_samples"]) == (len(records), len(samples))
    assert {"status": "finished"} in [each.get("values") for each in updates]
    kinds = [each["update"] for each in updates]
    assert kinds.index("Artifact") > max(at for at, kind in enumerate(kinds) if kind == "Facts")
    assert (folder / "log.txt").read_text() == ""


class ListTracker:
    """A tracker that keeps what it receives."""

    def __init__(self) -> None:
        self.measured: list[Measured] = []

    def log(self, update: Update) -> None:
        """Keep numbers."""
        if isinstance(update, Measured):
            self.measured.append(update)

    def close(self) -> None:
        """Do nothing."""


def test_a_log_that_a_new_writer_has_copied_is_not_recorded_twice(run):
    """A run that is taken over goes on in a copy of its log; steps are counted over all of it."""
    lines = run.events.read_bytes().splitlines(keepends=True)
    undisturbed = ListTracker()
    whole = Follower(run, "toy", undisturbed, Progress())
    while whole.poll():
        pass
    run.events.write_bytes(b"".join(lines[:-3]))
    found = ListTracker()
    follower = Follower(run, "toy", found, Progress())
    follower.poll()
    assert [each.epoch for each in found.measured if each.epoch is not None]
    publish_bytes(run.events, b"".join(lines))
    while follower.poll():
        pass
    assert [(each.values, each.step) for each in found.measured if each.epoch is not None] == [
        (each.values, each.step) for each in undisturbed.measured if each.epoch is not None
    ]


def test_a_tracker_that_is_off_is_not_started(run):
    """Nothing of it lies in the run's folder."""
    assert jobs.start_trackers(run, ToySettings()) == []
    assert not run.tracker("toy").exists()


def test_a_tracker_that_cannot_start_costs_the_run_nothing(run, capsys):
    """The reason goes to the supervisor's log."""
    run.tracker("toy").write_text("a file stands where the folder should be")
    (process,) = jobs.start_trackers(run, ToySettings(toy="online"))
    process.release()
    process.wait(1)
    assert "could not start the process for Toy" in capsys.readouterr().err


def test_the_command_line_shows_every_tracker(run):
    """Its label, its note and the command that sends what it recorded."""
    (process,) = jobs.start_trackers(run, ToySettings(toy="online"))
    process.wait(240)
    study = StudyFeed(run.study)
    study.refresh()
    assert shown.describe_tracking(study, None) == [
        "Toy: recorded offline: opened online",
        "Toy: 1 archive to send: toy upload cells",
    ]


@pytest.mark.parametrize("tracker", TRACKERS, ids=lambda each: each.name)
def test_each_row_of_the_table_is_complete(tracker):
    """Its module exists, and its key is one of the preset's section."""
    assert importlib.util.find_spec(tracker.module) is not None
    assert TrackSettings().mode_of(tracker) == "off"
    on = {"mlflow": "http://127.0.0.1:5000", "tensorboard": True}.get(tracker.key, "online")
    assert TrackSettings(**{tracker.key: on}).mode_of(tracker) == "online"
