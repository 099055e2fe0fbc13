"""TensorBoard: the event files of a run hold each number of its log once."""

import shutil
import struct

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.tensorboard.follower import open_tensorboard
from medtui.tracking.follower import Follower
from tests.helpers.paths import RECORDED
from tests.helpers.tracked_points import points_of


@pytest.fixture
def run(tmp_path) -> RunFolder:
    """A recorded run."""
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    run = StudyFolder(tmp_path / "cells").run("prune-0.1")
    run.tracker("tensorboard").mkdir()
    return run


def _follower(run: RunFolder) -> tuple[Follower, object]:
    preset = parse_preset(run.preset.read_text(), "preset.toml")
    tracker, logged = open_tensorboard(run, preset, "online")
    follower = Follower(run, "tensorboard", tracker, logged)
    follower.describe(preset)
    return follower, tracker


def _read(run: RunFolder) -> EventAccumulator:
    everything = {"scalars": 0, "tensors": 0, "images": 0}
    return EventAccumulator(str(run.tracker("tensorboard")), everything).Reload()


def _float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def test_event_files_hold_the_run_once_also_after_a_kill(run):
    """A session that was killed leaves nothing twice; values are those of the log in float32."""
    killed, _ = _follower(run)
    killed.poll()
    follower, tracker = _follower(run)
    follower.conclude(with_model=False)
    tracker.close()
    found = _read(run)
    points = sorted(
        (name, scalar.value, scalar.step)
        for name in found.Tags()["scalars"]
        if not name.startswith("result/")
        for scalar in found.Scalars(name)
    )
    expected = sorted((name, _float32(value), step) for name, value, step in points_of(run))
    assert points == expected
    assert len(points) > 30
    last = EventTail(run.events).read_all()[-1]
    assert found.Scalars("compress/val/accuracy")[-1].wall_time <= last.time
    assert "settings/text_summary" in found.Tags()["tensors"]
    assert "figures/accuracy" in found.Tags()["images"]
