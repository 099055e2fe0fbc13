"""Whole studies on two Ray nodes: the results of the local scheduler, whatever happens to nodes."""

import os
import random
import signal
import time

import pytest

from medtui.jobs.launcher import resume_study, stop_study
from medtui.runs.folder import StudyFolder
from medtui.runs.job_record import read_job
from tests.helpers.eight_runs import (
    NUM_RUNS,
    digests,
    is_through,
    num_starts,
    prepare,
    starts_of,
    workers_of,
)
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.ray_cluster import NODES, RayCluster
from tests.helpers.study_processes import is_over, pid_of
from tests.helpers.waiting import wait_until

RAY = {"machine": {"scheduler": "ray", "device": "cpu", "threads": 1, "reference_threads": 1}}

FEWER = {"schemes": ["Prune", "FilterPrune"], "densities": [0.4], "control": True}
"""Leaves reference, control and two runs of a study."""

NUM_SLOTS = len(NODES)

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def by_local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the digests of a study that this machine computed by itself."""
    study = prepare(tmp_path_factory.mktemp("local"), "local")
    resume_study(study)
    wait_until(lambda: is_over(study), "the local study", 900)
    return digests(study)


def follow(study: StudyFolder) -> list[int]:
    """Wait until a study is over; return how many workers there were at each look."""
    counts = list[int]()

    def is_done() -> bool:
        counts.append(len(workers_of(study)))
        time.sleep(0.3)
        return is_over(study)

    wait_until(is_done, "the study", 900)
    return counts


def test_a_study_on_two_nodes_has_the_bits_of_one_on_this_machine(ray_cluster, by_local, tmp_path):
    """The reference comes first, each run starts once, and no node has two runs."""
    study = prepare(tmp_path, "ray", **RAY)
    resume_study(study)
    counts = follow(study)
    assert is_through(study)
    assert max(counts) == NUM_SLOTS
    assert {run.name: num_starts(run) for run in study.runs()} == dict.fromkeys(by_local, 1)
    assert digests(study) == by_local
    first = min(study.runs(), key=lambda run: run.events.stat().st_mtime)
    assert first.is_reference
    assert all(read_job(run.path).state == "ended" for run in study.runs())


def test_a_supervisor_that_is_killed_finds_its_runs_again(ray_cluster, by_local, tmp_path):
    """Without a second start: as many workers began as there are runs."""
    study = prepare(tmp_path, "ray", **RAY)
    resume_study(study)
    wait_until(lambda: sum(run.result.exists() for run in study.runs()) >= 2, "two results", 600)
    wait_until(lambda: len(workers_of(study)) == NUM_SLOTS, "two workers")
    os.kill(pid_of(study.lock), signal.SIGKILL)
    wait_until(lambda: pid_of(study.lock) is None, "the supervisor's end")
    assert workers_of(study)
    resume_study(study)
    follow(study)
    assert is_through(study)
    assert sum(num_starts(run) for run in study.runs()) == NUM_RUNS
    assert digests(study) == by_local


def kill_raylet(cluster: RayCluster, _study: StudyFolder, rng: random.Random) -> None:
    """Lose a node; it comes back."""
    cluster.kill_raylet(rng.choice(NODES))
    cluster.heal()


def kill_worker(_cluster: RayCluster, study: StudyFolder, rng: random.Random) -> None:
    """Kill the process of a run."""
    rng.choice(workers_of(study)).kill()


def kill_actor(_cluster: RayCluster, study: StudyFolder, rng: random.Random) -> None:
    """Kill the process of Ray that looks after a run, as Ray does where memory is short."""
    actor = rng.choice(workers_of(study)).parent()
    assert actor is not None
    assert "TaskActor" in actor.cmdline()[0]
    actor.kill()


def kill_supervisor(_cluster: RayCluster, study: StudyFolder, _rng: random.Random) -> None:
    """Kill what asked Ray for the runs, which go on; start it again."""
    os.kill(pid_of(study.lock), signal.SIGKILL)
    wait_until(lambda: pid_of(study.lock) is None, "the supervisor's end")
    resume_study(study)


def kill_head(cluster: RayCluster, study: StudyFolder, _rng: random.Random) -> None:
    """Lose the head, and with it all nodes and runs; start Ray and the study again."""
    cluster.kill_node("head")
    wait_until(lambda: not workers_of(study), "the end of the workers")
    wait_until(lambda: is_over(study), "the end of the supervisor")
    cluster.heal()
    resume_study(study)


FAULTS = (kill_raylet, kill_worker, kill_actor, kill_supervisor, kill_head)


@pytest.mark.parametrize("number", range(scaled(1, 5)))
@pytest.mark.parametrize("kill", FAULTS, ids=lambda kill: kill.__name__)
def test_what_is_killed_at_a_random_moment_changes_no_bit(
    ray_cluster, by_local, tmp_path, kill, number
):
    """And no event is lost or doubled."""
    rng = random.Random(f"{kill.__name__} {number}")
    study = prepare(tmp_path, "ray", num_runs=4, **RAY, compress=FEWER)
    resume_study(study)
    wait_until(study.reference.result.exists, "the reference", 600)
    compressed = [run for run in study.runs() if not run.is_reference]
    wait_until(lambda: any(run.events.exists() for run in compressed), "a run that computes", 600)
    wait_until(lambda: len(workers_of(study)) == NUM_SLOTS, "two workers")
    time.sleep(rng.random() * 6)
    began = time.monotonic()
    kill(ray_cluster, study, rng)
    wait_until(lambda: len(workers_of(study)) == NUM_SLOTS or is_over(study), "two workers again")
    seconds = time.monotonic() - began
    counts = follow(study)
    assert is_through(study)
    assert max(counts, default=0) <= NUM_SLOTS
    starts = {run.name: num_starts(run) for run in study.runs()}
    continued = sum(each.resumed_at is not None for run in study.runs() for each in starts_of(run))
    note_figure(f"Ray: {kill.__name__}", kills=1, seconds=seconds, starts=starts,
                continued=continued)  # fmt: skip
    assert digests(study).items() <= by_local.items()


def test_a_study_that_is_stopped_leaves_nothing_on_the_nodes(ray_cluster, by_local, tmp_path):
    """Runs write a checkpoint, those that wait are cancelled, and `resume` ends with equal bits."""
    study = prepare(tmp_path, "ray", **RAY)
    resume_study(study)
    wait_until(study.reference.result.exists, "the reference", 600)
    wait_until(lambda: len(workers_of(study)) == NUM_SLOTS, "two workers")
    assert stop_study(study)
    wait_until(lambda: is_over(study), "the stop")
    assert not workers_of(study)
    resume_study(study)
    follow(study)
    assert is_through(study)
    assert digests(study) == by_local
