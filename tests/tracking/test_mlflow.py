"""MLflow: a store holds each number of a run's log once, whatever happened to the processes."""

import shutil
import socket

import pytest
from mlflow import MlflowClient

from medtui.errors import EnvironmentProblem, UsageError
from medtui.mlflow import store
from medtui.mlflow.follower import open_mlflow
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.tracking import figures
from medtui.tracking.follower import Follower
from medtui.tracking.state import read_state
from tests.helpers.paths import RECORDED
from tests.helpers.tracked_points import points_of


@pytest.fixture
def run(tmp_path, monkeypatch) -> RunFolder:
    """A recorded run that records with MLflow; its figures are not drawn."""
    monkeypatch.setattr(figures, "write_figures", lambda _run, _folder: [])
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    shutil.copytree(RECORDED / "cells", tmp_path / "cells")
    run = StudyFolder(tmp_path / "cells").run("prune-0.1")
    run.tracker("mlflow").mkdir()
    return run


def _preset(run: RunFolder, address: str) -> Preset:
    preset = parse_preset(run.preset.read_text(), "preset.toml")
    return preset.model_copy(update={"track": preset.track.model_copy(update={"mlflow": address})})


def _follower(run: RunFolder, address: str) -> tuple[Follower, object]:
    preset = _preset(run, address)
    tracker, logged = open_mlflow(run, preset, "online")
    follower = Follower(run, "mlflow", tracker, logged)
    follower.describe(preset)
    return follower, tracker


def _record(run: RunFolder, address: str) -> None:
    follower, tracker = _follower(run, address)
    follower.conclude(with_model=False)
    tracker.close()


def _stored(address: str):
    """Return the only run of a store, and name, value and step of its points."""
    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name("medtui")
    (found,) = client.search_runs([experiment.experiment_id])
    points = [
        (name, metric.value, metric.step)
        for name in found.data.metrics
        for metric in client.get_metric_history(found.info.run_id, name)
    ]
    return client, found, points


def _expected(run: RunFolder):
    return sorted((store.clean_name(name), value, step) for name, value, step in points_of(run))


def test_a_store_holds_the_run(run, tmp_path):
    """Numbers equal those of the log to the last digit; settings, outcome and files are there."""
    address = f"file:{tmp_path}/store"
    _record(run, address)
    client, found, points = _stored(address)
    of_log = sorted(point for point in points if not point[0].startswith("result/"))
    assert of_log == _expected(run)
    assert len(of_log) > 30
    assert "result/test.accuracy" in found.data.metrics
    assert found.data.params["lc.steps"] == "4"
    assert found.data.tags["medtui.status"] == "finished"
    assert (found.info.status, found.info.run_name) == ("FINISHED", "cells/prune-0.1")
    files = {each.path for each in client.list_artifacts(found.info.run_id, "files")}
    assert files == {"files/preset.toml", "files/provenance.json", "files/result.json"}
    assert read_state(run.tracker("mlflow")).note == ""


@pytest.mark.parametrize("num_arrived", [0, 1, 17])
def test_what_arrived_before_a_kill_is_not_sent_again(run, tmp_path, monkeypatch, num_arrived):
    """A batch that a kill cuts leaves some of its numbers in the store."""
    address = f"file:{tmp_path}/store"
    with monkeypatch.context() as patch:
        real = store._metrics
        patch.setattr(store, "_metrics", lambda points: [*real(points)[:num_arrived], None])
        follower, _ = _follower(run, address)
        follower.poll()  # and the process is killed
    _record(run, address)
    _, _, points = _stored(address)
    assert sorted(point for point in points if not point[0].startswith("result/")) == _expected(run)


def test_a_second_recording_adds_nothing(run, tmp_path):
    """`medtui track` may be repeated."""
    address = f"file:{tmp_path}/store"
    _record(run, address)
    _, _, once = _stored(address)
    _record(run, address)
    _, found, twice = _stored(address)
    assert twice == once
    assert found.info.status == "FINISHED"


def test_a_server_that_does_not_answer_is_named_and_the_rest_is_recorded_later(run, tmp_path):
    """Nothing is lost: the log has it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    follower, tracker = _follower(run, f"http://127.0.0.1:{port}")
    follower.conclude(with_model=False)
    with pytest.raises(EnvironmentProblem, match=f"127.0.0.1:{port} does not answer"):
        tracker.close()
    assert "does not answer" in read_state(run.tracker("mlflow")).note
    _record(run, f"file:{tmp_path}/store")
    _, _, points = _stored(f"file:{tmp_path}/store")
    assert sorted(point for point in points if not point[0].startswith("result/")) == _expected(run)


def test_names_are_made_of_what_mlflow_accepts():
    """Classes of a data set may be called anything."""
    assert store.clean_name("compress/recall/Ödem (l), 5%") == "compress/recall.Ödem _l__ 5_"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("online", "is an address"),
        ("http://anna:secret@host:5000", "must not contain a user's name or password"),
    ],
)
def test_a_preset_names_an_address_without_a_secret(run, value, message):
    """The message never shows the password."""
    text = f'{run.preset.read_text()}\n[track]\nmlflow = "{value}"\n'
    with pytest.raises(UsageError, match=message) as caught:
        parse_preset(text, "preset.toml")
    assert "secret" not in str(caught.value)
