"""Slurm's daemons are killed in the middle of a study: it goes on once they are back."""

import random
import time
from collections.abc import Callable

import pytest

from medtui.jobs.launcher import resume_study
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from tests.helpers.fault_scale import note_figure, scaled
from tests.helpers.slurm_cluster import SlurmCluster
from tests.helpers.slurm_studies import FEWER, LIMIT_SECONDS, check, is_done, num_told, running
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.faults


def node_of(cluster: SlurmCluster) -> str:
    """Return a node that computes; empty where none does."""
    return min(running(cluster).values(), default="")


def daemon_of(cluster: SlurmCluster, name: str) -> str:
    """Return the name of a daemon; of a node's, of one that computes."""
    return f"slurmd {node_of(cluster) or 'n1'}" if name == "slurmd" else name


RESUME_SECONDS = 5.0


def watch(study: StudyFolder, cluster: SlurmCluster) -> Callable[[], bool]:
    """Return a function that looks at the screen's states and returns whether the study is over.

    No run may be shown as one that failed, crashed or was stopped while it is not. Nodes that a
    controller has drained which was killed are resumed, as an administrator does.
    """
    feed, resumed_at = StudyFeed(study), time.monotonic()

    def look() -> bool:
        nonlocal resumed_at
        over = is_done(study)
        if time.monotonic() > resumed_at + RESUME_SECONDS and cluster.is_whole:
            cluster.resume_nodes()
            resumed_at = time.monotonic()
        feed.refresh()
        states = {run.folder.name: run.status for run in feed.runs}
        assert over or not {"failed", "crashed", "stopped"} & set(states.values()), states
        return over

    return look


def await_events(study: StudyFolder, count: int, look: Callable[[], bool]) -> None:
    """Wait until the study's runs have told so much more, or it is over."""
    after = sum(map(num_told, study.runs())) + count
    wait_until(
        lambda: sum(map(num_told, study.runs())) >= after or look(), "events", LIMIT_SECONDS
    )  # fmt: skip


def begun(runs: list[RunFolder]) -> set[str]:
    """Return the names of the runs that have told anything."""
    return {run.name for run in runs if EventTail(run.events).read_all()}


def has_noticed(study: StudyFolder) -> bool:
    """Return whether the study's supervisor knows that Slurm does not answer."""
    lines = study.supervisor_log.read_text(encoding="utf-8").splitlines()
    return bool(lines) and "failed" in lines[-1]


@pytest.mark.parametrize("name", ["slurmctld", "munged", "slurmd"])
@pytest.mark.parametrize("number", range(scaled(1, 3)))
def test_the_next_run_starts_once_a_killed_daemon_is_back(
    slurm_cluster, make_jobs, undisturbed, name, number
):
    """Killed at a random moment of a run that ends meanwhile; the next one needs Slurm."""
    study, rng = make_jobs(12, FEWER), random.Random(f"{name} {number}")
    resume_study(study)
    look = watch(study, slurm_cluster)
    moment = rng.randrange(1, 10)
    wait_until(lambda: num_told(study.reference) >= moment, "the reference", LIMIT_SECONDS)
    daemon = daemon_of(slurm_cluster, name)
    slurm_cluster.kill_daemon(daemon)
    wait_until(lambda: study.reference.result.exists() or look(), "its result", LIMIT_SECONDS)
    if name != "slurmd":
        wait_until(lambda: has_noticed(study) or look(), "the supervisor", LIMIT_SECONDS)
    slurm_cluster.start_daemon(daemon)
    since = time.monotonic()
    compressed = [run for run in study.runs() if not run.is_reference]
    wait_until(lambda: begun(compressed) or look(), "the next run", LIMIT_SECONDS)
    away = time.monotonic() - since
    wait_until(look, "the end of the study", LIMIT_SECONDS)
    check(study, undisturbed(12))
    note_figure(f"Slurm: {name} killed under the reference", kills=1, seconds=round(away, 1))


@pytest.mark.parametrize("name", ["slurmctld", "munged", "slurmd"])
def test_daemons_that_are_killed_again_and_again_cost_no_bit(
    slurm_cluster, make_jobs, undisturbed, name
):
    """At random moments, also just after a submission, of which the controller may know nothing."""
    rng, away = random.Random(name), list[float]()
    wanted = scaled(1, 10)
    while len(away) < wanted:
        study = make_jobs(30, FEWER)
        resume_study(study)
        look = watch(study, slurm_cluster)
        while len(away) < wanted and not look():
            await_events(study, rng.randrange(2, 24), look)
            daemon = daemon_of(slurm_cluster, name)
            slurm_cluster.kill_daemon(daemon)
            slurm_cluster.start_daemon(daemon)
            since = time.monotonic()
            await_events(study, 1, look)
            away.append(time.monotonic() - since)
            note_figure(f"Slurm: {name} killed", kills=1, seconds=round(away[-1], 1))
        wait_until(look, "the end of the study", LIMIT_SECONDS)
        check(study, undisturbed(30))
