"""A tiny study as jobs of the loopback cluster, and what tests look at while it runs."""

from pathlib import Path

from medtui.jobs.planning import plan_runs
from medtui.preset import parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.ownership.liveness import is_held
from medtui.runs.runs_dir import create_study
from tests.helpers.slurm_cluster import SlurmCluster
from tests.helpers.study_processes import assert_same_outcome

LIMIT_SECONDS = 900.0

JOBS_PRESET = """
name = "jobs"
[data]
card = "demo"
limit = 48
[reference]
epochs = 4
batch_size = 16
lr = 0.01
[compress]
schemes = ["Prune", "FilterPrune"]
densities = [0.3, 0.5, 0.7]
control = true
[lc]
cycles = {cycles}
steps = 6
batch_size = 16
mu_init = 0.5
[guard]
recalibrate_images = 32
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
threads = 1
reference_threads = 1
"""


FEWER = ("densities = [0.3, 0.5, 0.7]", "densities = [0.5]")
"""Leaves reference, control and two runs of a study."""


def make_study(folder: Path, text: str, name: str) -> StudyFolder:
    """Return a study whose runs are planned."""
    preset = parse_preset(text, name)
    study = create_study(folder, name)
    study.preset.write_text(text, encoding="utf-8")
    plan_runs(study, preset)
    return study


def is_done(study: StudyFolder) -> bool:
    """Return whether the study's supervisor has ended."""
    return not is_held(study.lock)


def num_told(run: RunFolder) -> int:
    """Count the records of a run's log so far."""
    return len(EventTail(run.events).read_all())


def running(cluster: SlurmCluster) -> dict[str, str]:
    """Return the identifiers of the jobs that run, each with its node."""
    lines = cluster.ask("squeue", "-h", "-t", "RUNNING", "-p", "gpu", "-o", "%i %N").splitlines()
    return dict(line.split() for line in lines)


def next_job(cluster: SlurmCluster) -> int:
    """Return the number that the next job gets."""
    found = [
        line for line in cluster.ask("scontrol", "show", "config").splitlines()
        if line.startswith("NEXT_JOB_ID")
    ]  # fmt: skip
    return int(found[0].split("=")[1])


def check(study: StudyFolder, expected: StudyFolder) -> None:
    """Compare all runs; no log has a gap, and no record of two writers."""
    assert {run.name for run in study.runs()} <= {run.name for run in expected.runs()}
    for run in study.runs():
        assert run.result.exists(), f"{run.name}: {study.supervisor_log.read_text()}"
        assert_same_outcome(run, expected.run(run.name))
        records = EventTail(run.events).read_all()
        generations = [record.generation for record in records]
        assert generations == sorted(generations)
