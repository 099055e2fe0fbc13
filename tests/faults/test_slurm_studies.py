"""Studies on two Slurm nodes: requeued, preempted, with killed nodes and a killed supervisor."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from medtui.events import RunStarted
from medtui.jobs.launcher import resume_study, stop_study
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.folder import StudyFolder
from medtui.runs.job_record import read_job
from medtui.runs.log.reader import EventTail
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.slurm_cluster import NODES, SlurmCluster
from tests.helpers.slurm_studies import (
    FEWER,
    LIMIT_SECONDS,
    check,
    is_done,
    next_job,
    num_told,
    running,
)
from tests.helpers.study_processes import events_of, pid_of
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.faults

NUM_AT_ONCE = 4
"""Cores of both nodes together."""


def test_a_study_runs_on_two_nodes_as_it_does_here(slurm_cluster, make_jobs, undisturbed):
    """The reference first, never more at once than there are cores, each bit the same (S2)."""
    study, most = make_jobs(4), 0
    first = next_job(slurm_cluster)
    resume_study(study)
    while not is_done(study):
        jobs = slurm_cluster.ask("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()
        most = max(most, len(jobs))
        time.sleep(1.0)
    check(study, undisturbed(4))
    assert len(study.runs()) == 8
    begun = {run.name: EventTail(run.events).read_all()[0].time for run in study.runs()}
    ended = EventTail(study.reference.events).read_all()[-1].time
    assert all(ended <= time for name, time in begun.items() if name != "reference")
    places = {read_job(run.path).place for run in study.runs()}
    assert places == set(NODES)
    assert next_job(slurm_cluster) - first == len(study.runs())
    assert 1 < most <= NUM_AT_ONCE
    telemetry = [run.telemetry.exists() for run in study.runs()]
    assert all(telemetry)
    note_figure("study on two Slurm nodes", runs=len(begun), at_once=most)


def disturb(cluster: SlurmCluster, rng: random.Random, way: str) -> bool:
    """Let a random job that runs be started again; return whether one ran."""
    jobs = running(cluster)
    if not jobs:
        return False
    job = rng.choice(sorted(jobs))
    urgent = ["--partition=urgent", "--exclusive", f"--nodelist={jobs[job]}"]
    command = {
        "requeued": ["scontrol", "requeue", job],
        "preempted": ["sbatch", *urgent, "--output=/dev/null", "--wrap=sleep 0.5"],
        # As Slurm does two minutes before the time limit.
        "near their limit": ["scancel", "--batch", "--signal=TERM", job],
    }[way]
    try:
        cluster.ask(*command)
    except subprocess.CalledProcessError:  # it has just ended
        return False
    return True


@pytest.mark.parametrize("way", ["requeued", "preempted", "near their limit"])
def test_jobs_that_are_started_again_end_with_the_same_bits(
    slurm_cluster, make_jobs, undisturbed, way
):
    """By an administrator, a more urgent job or the time limit, at a random step (S3)."""
    rng = random.Random(way)
    study, cycles = make_jobs(30), 30
    resume_study(study)
    wanted, done = scaled(2, 10), 0
    while done < wanted and not is_done(study):
        after = sum(map(num_told, study.runs())) + rng.randrange(4, 40)
        wait_until(
            lambda: sum(map(num_told, study.runs())) >= after or is_done(study),  # noqa: B023 - called at once
            "events", LIMIT_SECONDS,
        )  # fmt: skip
        done += disturb(slurm_cluster, rng, way)
    wait_until(lambda: is_done(study), "the end of the study", LIMIT_SECONDS)
    check(study, undisturbed(cycles))
    resumed = sum(
        isinstance(each, RunStarted) and each.resumed_at is not None
        for run in study.runs() for each in events_of(run)
    )  # fmt: skip
    assert done == wanted
    note_figure(f"Slurm jobs {way}", times=done, resumed=resumed)


def kill_nodes(
    cluster: SlurmCluster, study: StudyFolder, rng: random.Random, wanted: int, kill: str
) -> list[float]:
    """Kill random nodes while a study runs; return how long each time its runs were away.

    The screen says of no run that it failed or was stopped.
    """
    away, feed = list[float](), StudyFeed(study)
    while len(away) < wanted and not is_done(study):
        after = sum(map(num_told, study.runs())) + rng.randrange(4, 24)
        wait_until(
            lambda: sum(map(num_told, study.runs())) >= after or is_done(study),  # noqa: B023 - called at once
            "events", LIMIT_SECONDS,
        )  # fmt: skip
        records = {run.name: read_job(run.path) for run in study.runs()}
        jobs = {record.id: name for name, record in records.items() if record}
        on_node = {job: node for job, node in running(cluster).items() if job in jobs}
        if not on_node:
            continue
        node = rng.choice(sorted(on_node.values()))
        before = {
            jobs[job]: num_told(study.run(jobs[job])) for job, at in on_node.items() if at == node
        }
        getattr(cluster, kill)(node)
        since = time.monotonic()
        cluster.start_node(node)

        def are_back() -> bool:
            feed.refresh()
            states = {run.status for run in feed.runs if run.folder.name in before}  # noqa: B023
            assert not states & {"failed", "stopped"}
            found = [study.run(name) for name in before]  # noqa: B023
            return all(run.result.exists() or num_told(run) > before[run.name] for run in found)  # noqa: B023

        wait_until(lambda: are_back() or is_done(study), "the node's runs", LIMIT_SECONDS)
        away.append(time.monotonic() - since)
    wait_until(lambda: is_done(study), "the end of the study", LIMIT_SECONDS)
    return away


@pytest.mark.parametrize("kill", ["kill_node", "kill_daemons"])
def test_nodes_that_are_killed_cost_no_bit(slurm_cluster, make_jobs, undisturbed, kill):
    """Kill -9 of a node's daemons, with its workers or without (S4).

    Without, they go on, and Slurm starts them a second time.
    """
    rng, wanted, away = random.Random(4), scaled(1, 10), list[float]()
    while len(away) < wanted:
        study = make_jobs(30, FEWER)
        resume_study(study)
        away += kill_nodes(slurm_cluster, study, rng, wanted - len(away), kill)
        check(study, undisturbed(30))
    note_figure(f"Slurm: {kill}", times=len(away), longest_away_s=round(max(away), 1))


def test_a_killed_supervisor_submits_nothing_twice(slurm_cluster, make_jobs, undisturbed):
    """Resumed, it finds the jobs that wait and those that run (S5)."""
    rng = random.Random(5)
    study = make_jobs(30, FEWER)
    first = next_job(slurm_cluster)
    resume_study(study)
    num_kills = 0
    for _ in range(scaled(2, 10)):
        after = sum(map(num_told, study.runs())) + rng.randrange(1, 30)
        wait_until(
            lambda: sum(map(num_told, study.runs())) >= after or is_done(study),  # noqa: B023 - called at once
            "events", LIMIT_SECONDS,
        )  # fmt: skip
        pid = pid_of(study.lock)
        if pid is None:
            break
        os.kill(pid, signal.SIGKILL)
        num_kills += 1
        wait_until(lambda: is_done(study), "the end of the supervisor")
        resume_study(study)
    wait_until(lambda: is_done(study), "the end of the study", LIMIT_SECONDS)
    check(study, undisturbed(30))
    assert num_kills
    assert next_job(slurm_cluster) - first == len(study.runs())
    note_figure("Slurm supervisors killed", kills=num_kills, jobs=len(study.runs()))


def test_a_stopped_study_leaves_no_job(slurm_cluster, make_jobs, undisturbed):
    """Those that run write a checkpoint, those that wait are cancelled; it is resumed later."""
    study = make_jobs(30, FEWER)
    resume_study(study)
    compressed = [run for run in study.runs() if not run.is_reference]
    wait_until(lambda: any(num_told(run) > 5 for run in compressed), "events", LIMIT_SECONDS)
    assert stop_study(study)
    wait_until(lambda: is_done(study), "the end of the supervisor", LIMIT_SECONDS)
    assert slurm_cluster.ask("squeue", "-h", "-o", "%i").split() == []
    feed = StudyFeed(study)
    feed.refresh()
    assert {run.status for run in feed.runs} <= {"stopped", "finished"}
    resume_study(study)
    wait_until(lambda: is_done(study), "the end of the study", LIMIT_SECONDS)
    check(study, undisturbed(30))


SEEDS = f"seeds = {list(range(100))}\n"


@pytest.fixture
def _no_node_takes_jobs(slurm_cluster: SlurmCluster) -> Iterator[None]:
    for node in NODES:
        slurm_cluster.ask("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")
    yield
    for node in NODES:
        slurm_cluster.ask("scontrol", "update", f"NodeName={node}", "State=RESUME")


@pytest.mark.usefixtures("_no_node_takes_jobs")
def test_a_supervisor_of_a_hundred_waiting_jobs_is_cheap(
    slurm_cluster, tmp_path, make_jobs, monkeypatch
):
    """At most 1 % of a core and one `squeue` in 5 s, and neither torch nor ray in it (S11)."""
    calls, squeue = tmp_path / "calls", tmp_path / "bin" / "squeue"
    study = make_jobs(4, replaced=("[reference]\n", f"[reference]\n{SEEDS}"))
    squeue.write_text(f'#!/bin/sh\necho squeue >> {calls}\nexec /usr/bin/squeue "$@"\n')
    squeue.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{squeue.parent}:{os.environ['PATH']}")
        resume_study(study)
    supervisor = psutil.Process(pid_of(study.lock))

    def num_waiting() -> int:
        return len(slurm_cluster.ask("squeue", "-h", "-o", "%i").split())

    wait_until(lambda: num_waiting() == 100, "jobs", LIMIT_SECONDS)
    wait_until(lambda: read_job(study.reference.path).reason, "a listing")
    before, began = supervisor.cpu_times(), time.monotonic()
    num_calls = len(calls.read_text().split())
    time.sleep(scaled(20, 120))
    after, seconds = supervisor.cpu_times(), time.monotonic() - began
    num_calls = len(calls.read_text().split()) - num_calls
    own = after.user + after.system - before.user - before.system
    asked = sum(after[2:4]) - sum(before[2:4])
    libraries = Path(f"/proc/{supervisor.pid}/maps").read_text(encoding="utf-8")
    assert "libtorch" not in libraries
    assert "_raylet" not in libraries
    assert num_calls <= seconds / 5.0 + 1
    note_figure(
        "Slurm supervisor of 100 waiting runs", seconds=round(seconds, 1), squeues=num_calls,
        own_percent=round(100 * own / seconds, 2), squeue_percent=round(100 * asked / seconds, 2),
    )  # fmt: skip
    assert own / seconds <= 0.01
    stop_study(study)
    wait_until(lambda: is_done(study), "the end of the supervisor", LIMIT_SECONDS)
    assert num_waiting() == 0
