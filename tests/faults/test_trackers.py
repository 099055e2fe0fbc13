"""kill -9 of followers and of the runs that they follow: a tracker ends with the log's numbers."""

import os
import random
import shutil
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest

from medtui.mlflow.store import TOKEN_TAG, clean_name
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.ownership.lock import FolderLock
from medtui.tracking.state import read_state
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.paths import RECORDED
from tests.helpers.scripted_mlflow import ScriptedMlflow
from tests.helpers.study_processes import assert_same_outcome
from tests.helpers.tracked_points import points_of
from tests.helpers.waiting import wait_until
from tests.helpers.zygote import Worker, Zygote

pytest.importorskip("mlflow", reason="needs mlflow-skinny, of the extra medtui[mlflow]")
pytest.importorskip("tensorboard", reason="needs tensorboard, of the extra medtui[tensorboard]")

Store = Literal["folder", "server", "tensorboard"]

Points = Counter[tuple[str, float, int]]
"""Name, value and step of each point that is no result, with how often it is there."""

Follow = Callable[..., Worker]


@pytest.fixture(scope="module")
def followers(shim: Path) -> Iterator[Zygote]:
    """Return the process that forks followers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        with Zygote(shim, "tests.helpers.tracker_zygote") as process:
            yield process


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ScriptedMlflow]:
    """Return a server of MLflow; its faults come from the test's parameter, if it is a number."""
    seed = getattr(request, "param", None)
    with ScriptedMlflow(tmp_path / "artifacts", seed) as started:
        yield started
        started.shutdown()


@pytest.fixture
def follow(followers: Zygote, server: ScriptedMlflow, tmp_path: Path) -> Follow:
    """Return a function that starts a follower of a run."""

    def start(run: RunFolder, store: Store, *options: str, **environment: str) -> Worker:
        addresses = {"folder": f"file:{tmp_path}/store", "server": server.address}
        name = "tensorboard" if store == "tensorboard" else "mlflow"
        if store in addresses:
            options = ("--set", f"track.mlflow={addresses[store]}", *options)
        log = str(tmp_path / "follower.log")
        return followers.start(run, TRACKER=name, OPTIONS=" ".join(options), LOG=log, **environment)

    return start


def _recorded(folder: Path) -> RunFolder:
    shutil.copytree(RECORDED / "cells", folder / "cells")
    return StudyFolder(folder / "cells").run("prune-0.1")


def _expected(run: RunFolder, store: Store) -> Points:
    """Return the points of a run's log as a tracker holds them."""
    if store == "tensorboard":
        return Counter((name, _float32(value), step) for name, value, step in points_of(run))
    return Counter((clean_name(name), value, step) for name, value, step in points_of(run))


def _stored(run: RunFolder, store: Store, server: ScriptedMlflow, folder: Path) -> Points:
    """Return the points that a tracker holds."""
    match store:
        case "folder":
            points = _in_folder(run, f"file:{folder}/store")
        case "server":
            points = server.points()
        case "tensorboard":
            points = _in_event_files(run)
    return Counter(point for point in points if not point[0].startswith("result/"))


def _in_folder(run: RunFolder, address: str) -> list[tuple[str, float, int]]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=address)
    state = read_state(run.tracker("mlflow"))
    assert state is not None
    experiment = client.get_experiment_by_name("medtui")
    (found,) = client.search_runs(
        [experiment.experiment_id], f"tags.`{TOKEN_TAG}` = '{state.experiment_key}'"
    )
    return [
        (name, each.value, each.step)
        for name in found.data.metrics
        for each in client.get_metric_history(found.info.run_id, name)
    ]


def _in_event_files(run: RunFolder) -> list[tuple[str, float, int]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(run.tracker("tensorboard")), {"scalars": 0}).Reload()
    return [
        (name, each.value, each.step)
        for name in found.Tags()["scalars"]
        for each in found.Scalars(name)
    ]


def _float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def _kill(process: Worker) -> int:
    """Kill a process; return how many were there."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    return int(process.wait() == -signal.SIGKILL)


def _num_told(run: RunFolder) -> int:
    return len(EventTail(run.events).read_all())


@pytest.mark.parametrize(
    ("store", "number", "server"),
    [
        (store, number, number)
        for store, count in (("folder", scaled(1, 20)), ("server", scaled(1, 20)),
                             ("tensorboard", scaled(1, 20)))
        for number in range(count)
    ],
    indirect=["server"],
)  # fmt: skip
def test_a_tracker_holds_the_log_after_kills_of_follower_and_run(
    oracle, zygote, prepare, follow, server, tmp_path, store, number
):
    """Kills at random moments while batches are lost or refused; no point is missing or doubled."""
    rng = random.Random(3_000 + number)
    original = oracle.runs()[-1]
    run, num_kills = prepare(original), 0
    with FolderLock(run.study.lock):
        follower, worker = follow(run, store), zygote.start(run)
        for _ in range(rng.randint(2, 4)):
            after = _num_told(run) + rng.randrange(1, 8)
            wait_until(lambda: _num_told(run) >= after or worker.is_over, "events")  # noqa: B023 - called at once
            time.sleep(rng.random() / 5)
            kinds = rng.choice((("follower",), ("follower",), ("run",), ("follower", "run")))
            if "follower" in kinds:
                num_kills += _kill(follower)
                follower = follow(run, store)
            if "run" in kinds and not worker.is_over:
                num_kills += _kill(worker)
                worker = zygote.start(run)
        assert worker.wait() == 0, run.worker_log.read_text()
    status = follower.wait()
    for _ in range(20):  # a batch that fails at the very end is recorded by a later session
        if status == 0:
            break
        status = follow(run, store, "--once").wait()
    assert status == 0, (tmp_path / "follower.log").read_text()
    assert _stored(run, store, server, tmp_path) == _expected(run, store)
    assert_same_outcome(run, original)
    note_figure("follower or run killed", kills=num_kills)


@pytest.mark.parametrize(
    ("store", "moment"),
    [(store, each) for store in ("folder", "tensorboard") for each in range(scaled(1, 40))],
)
def test_a_follower_killed_at_a_change_of_a_file_is_made_up_for(
    follow, server, tmp_path, store, moment
):
    """At a random write, rename or new folder in the store, or of its own state."""
    rng, run, mark = random.Random(moment), _recorded(tmp_path), tmp_path / "mark"
    num_changes = {"folder": 600, "tensorboard": 12}[store]
    at = str(rng.randrange(1, num_changes))
    follower = follow(
        run, store, "--once", FAULT_FOLDER=str(tmp_path), FAULT_AT=at, FAULT_MARK=str(mark)
    )
    assert (follower.wait() == -signal.SIGKILL) == mark.exists()
    assert follow(run, store, "--once").wait() == 0, (tmp_path / "follower.log").read_text()
    assert _stored(run, store, server, tmp_path) == _expected(run, store)
    note_figure("follower killed at a change of a file", kills=int(mark.exists()))


def test_a_server_that_accepts_and_never_answers_costs_the_run_nothing(
    oracle, zygote, prepare, follow, server, tmp_path
):
    """The run ends as it would have while its follower waits; the log is recorded later."""
    original = oracle.runs()[-1]
    run = prepare(original)
    with FolderLock(run.study.lock):
        with server.lock:  # requests are accepted, and wait for it
            follower, worker = follow(run, "server"), zygote.start(run)
            assert worker.wait() == 0, run.worker_log.read_text()
            assert not follower.is_over
            assert_same_outcome(run, original)
            _kill(follower)
        assert follow(run, "folder", "--once").wait() == 0
    assert _stored(run, "folder", server, tmp_path) == _expected(run, "folder")
    assert server.num_requests > 0
