"""The script of a Slurm job, run by bash beside stand-ins of Slurm's programs."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from medtui.jobs.schedulers.slurm_script import PAUSE_SECONDS, job_name, job_script
from medtui.jobs.schedulers.task import Task, worker_task
from medtui.preset import Preset, parse_preset
from medtui.preset.toml import DocumentError
from medtui.runs.folder import StudyFolder
from tests.helpers.waiting import wait_until

HOSTILE = 'a b\'c $(touch hacked) "d"'
"""Name of a runs folder."""


def preset_with(slurm: str = "", machine: str = "") -> Preset:
    """Return a preset whose runs are jobs."""
    text = f'name = "s"\n[data]\ncard = "demo"\n[machine]\nscheduler = "slurm"\n{machine}\n'
    return parse_preset(f"{text}[slurm]\n{slurm}\n", "s")


class Job:
    """A script in its folder, and the stand-ins: a worker, `squeue` and `scontrol`."""

    def __init__(
        self, folder: Path, slurm: str = "", *, worker: str, word: str = "RUNNING"
    ) -> None:
        preset = preset_with(slurm)
        run = StudyFolder(folder / HOSTILE / "s").run("prune-0.1")
        run.path.mkdir(parents=True)
        self.folder, self.programs = run.path, folder / "bin"
        self.programs.mkdir()
        self.program("python", f'echo "$@" > "{folder}/arguments"\n{worker}')
        self.program("squeue", f"echo {word}")
        self.program("scontrol", f'echo "$@" > "{folder}/requeued"; exit 1')
        self.arguments, self.requeued = folder / "arguments", folder / "requeued"
        text = job_script(
            worker_task(run, preset), preset.jobs,
            name="x", device="auto", python=str(self.programs / "python"),
        )  # fmt: skip
        text = text.replace(f"sleep {PAUSE_SECONDS}\n", "sleep 0.02\n")
        (run.path / "job.sh").write_text(text, encoding="utf-8")

    def program(self, name: str, text: str) -> None:
        """Write a stand-in."""
        path = self.programs / name
        path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def start(self, **more: str) -> subprocess.Popen[bytes]:
        """Start it as Slurm does."""
        path = f"{self.programs}:{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "SLURM_JOB_ID": "7"} | more
        return subprocess.Popen(
            ["bash", "job.sh"], cwd=self.folder, env=environment, stderr=subprocess.PIPE
        )


STOPS = "trap 'exit 4' TERM; touch ready; while :; do sleep 0.02; done"
"""A worker that writes a checkpoint on SIGTERM."""


def test_paths_and_setup_reach_the_worker_as_they_are(tmp_path):
    """Quoted, whatever characters they have; the lines of the setup come before."""
    job = Job(tmp_path, """setup = ["FLAG='x y'", "export FLAG"]""", worker='echo "$FLAG" > flag')
    assert job.start().wait() == 0
    words = job.arguments.read_text()
    assert words == f"-m medtui.worker {job.folder} --device auto --in-job\n"
    assert (job.folder / "flag").read_text() == "x y\n"
    assert not list(tmp_path.rglob("hacked"))


@pytest.mark.parametrize("line", ["false", "echo 'open", "no-such-program"])
def test_a_setup_that_fails_ends_the_job_and_is_named(tmp_path, line):
    """Also where the line is no complete command: it cannot swallow the next one."""
    job = Job(tmp_path, f'setup = ["{line}"]', worker="touch started")
    script = job.start()
    _, said = script.communicate()
    assert script.returncode == 1
    assert not (job.folder / "started").exists()
    assert b"medtui: this line of slurm.setup failed: " + line.encode() in said


@pytest.mark.parametrize(
    ("word", "restarts", "is_requeued"),
    [("RUNNING", "0", True), ("RUNNING", "50", False), ("COMPLETING", "0", False)],
)
def test_the_time_limit_queues_the_job_again(tmp_path, word, restarts, *, is_requeued):
    """But no job that is cancelled, or was queued again too often."""
    job = Job(tmp_path, worker=STOPS, word=word)
    script = job.start(SLURM_RESTART_COUNT=restarts)
    wait_until((job.folder / "ready").exists, "the worker")
    script.send_signal(signal.SIGTERM)
    assert script.wait() == 0
    assert job.requeued.exists() is is_requeued
    if is_requeued:
        assert job.requeued.read_text() == "requeue 7\n"


def test_a_controller_that_is_away_is_waited_for(tmp_path):
    """It is what ends jobs at their limits: there is time."""
    job = Job(tmp_path, worker=STOPS)
    job.program("squeue", f'echo >> "{tmp_path}/asked"; exit 1')
    script = job.start()
    wait_until((job.folder / "ready").exists, "the worker")
    script.send_signal(signal.SIGTERM)
    wait_until((tmp_path / "asked").exists, "the question")
    assert not job.requeued.exists()
    job.program("squeue", "echo RUNNING")
    assert script.wait() == 0
    assert job.requeued.read_text() == "requeue 7\n"


def test_a_signal_that_comes_at_once_reaches_the_worker(tmp_path):
    """Also before the script knows the worker's pid."""
    job = Job(tmp_path, worker=f"trap 'exit 4' TERM; kill -TERM $PPID; {STOPS}")
    assert job.start().wait() == 0
    assert job.requeued.exists()


@pytest.mark.parametrize(("worker", "status"), [("exit 4", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_a_worker_that_ends_by_itself_queues_nothing(tmp_path, worker, status):
    """One that a user stopped did well."""
    job = Job(tmp_path, worker=worker)
    assert job.start().wait() == status
    assert not job.requeued.exists()


def test_the_options_are_those_of_the_preset():
    """What it leaves out is left to the cluster; the output goes to the worker's log."""
    preset = preset_with(
        'partition = "gpu,long"\ngres = "gpu:a100:1"\ntime = "1-04"\ncpus = 4\nmemory = "8G"\n'
        'constraint = "a100|h100"\naccount = "lab"\nqos = "low"'
    )
    run = StudyFolder(Path("/runs/s")).run("prune-0.1")
    task = worker_task(run, preset)
    name = job_name(task, "abcd")
    text = job_script(task, preset.jobs, name=name, device="auto", python="python3")
    options = [line.removeprefix("#SBATCH --") for line in text.splitlines() if "#SBATCH" in line]
    assert options == [
        "job-name=medtui.s.prune-0.1.abcd", "output=worker.log", "open-mode=append", "export=ALL",
        "requeue", "signal=B:TERM@120", "nodes=1", "ntasks=1", "cpus-per-task=4",
        "partition=gpu,long", "gres=gpu:a100:1", "time=1-04", "mem=8G", "constraint=a100|h100",
        "account=lab", "qos=low",
    ]  # fmt: skip


def test_a_jobs_name_has_no_character_that_a_listing_uses():
    """Names of studies and runs are separated by what `squeue` is asked to print."""
    task = Task("m", Path("/x"), (), "a|b c/d\n", Path("/x/log"), 1)
    assert job_name(task, "1") == "medtui.a.b.c.d..1"


@pytest.mark.parametrize(
    ("time", "is_long"),
    [
        ("4", False), ("5", True), ("4:59", False), ("00:04:59", False), ("00:05:00", True),
        ("0-0", False), ("0-1", True), ("1-02:03:04", True), ("0-00:04", False), ("", True),
    ],
)  # fmt: skip
def test_a_time_limit_leaves_time_to_compute(time, *, is_long):
    """A run is asked to stop two minutes before it."""
    if is_long:
        assert preset_with(f'time = "{time}"').jobs.time == time
    else:
        with pytest.raises(DocumentError, match="is shorter than 5 minutes"):
            preset_with(f'time = "{time}"')


@pytest.mark.parametrize(
    "line",
    [
        'partition = "gpu --wrap=x"', 'gres = "gpu:1\\n#SBATCH --x"', 'time = "4h"', "cpus = 0",
        'memory = "8 GB"', 'constraint = "a b"', 'account = "a;b"', 'qos = "$X"',
        'setup = ["a\\nb"]', 'setup = [" "]', 'python = "-c"', 'python = "a\\nb"',
    ],
)  # fmt: skip
def test_what_would_break_the_script_is_refused(line):
    """By the preset's check, with the key."""
    with pytest.raises(DocumentError) as caught:
        preset_with(line)
    assert caught.value.problems[0].key.startswith(f"slurm.{line.split()[0]}")


def test_a_run_has_the_threads_of_its_job():
    """More are refused: they would share its cores."""
    with pytest.raises(DocumentError, match=r"3 threads, but a job has slurm.cpus = 2"):
        preset_with("cpus = 2", machine="threads = 3")
