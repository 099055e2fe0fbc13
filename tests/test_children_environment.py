"""Every process that medtui starts has the environment of a worker."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from medtui import child_process
from medtui.comet import dispatch
from medtui.datasets.decoding.pool import Child
from medtui.datasets.image_lookup import pictures_of
from medtui.doctor.software import read_torch_facts
from medtui.errors import EnvironmentProblem
from medtui.fork_server import ForkServer
from medtui.jobs import benchmark, launcher, tracker
from medtui.jobs.dataset_inspection import AugmentationPreview, FullInspection, QuickInspection
from medtui.jobs.device_slots import Slot
from medtui.jobs.export import ExportProcess
from medtui.jobs.schedulers.local import LocalScheduler
from medtui.jobs.schedulers.task import worker_task
from medtui.jobs.standby import Standby
from medtui.preset import BenchSettings, DataSettings, TrackSettings, load_preset
from medtui.protocol.export import ExportPlan
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.telemetry import SamplerProcess, probe_safely
from tests.helpers.paths import REPOSITORY

DEMO = DataSettings(card="demo")


def _supervise(study: StudyFolder) -> object:
    task = worker_task(study.reference, load_preset("demo"))
    return LocalScheduler([Slot("", "cpu")]).start(task)


def _bench(study: StudyFolder) -> object:
    with study.bench_log.open("a+b") as log:
        return benchmark.start_bench(
            study, [], BenchSettings(), device="cpu", threads=1, log=log
        )  # fmt: skip


STARTS: dict[str, Callable[[StudyFolder], object]] = {
    "preflight": lambda _: launcher.preflight(load_preset("demo")),
    "supervisor": launcher.resume_study,
    "fork server": lambda _: ForkServer(
        [], child_process.child_environment(), warn=lambda _: None
    ).start(),
    "supervisor without a study": lambda _: Standby([]),
    "worker": _supervise,
    "benchmark": _bench,
    "export": lambda study: ExportProcess(study.reference, ExportPlan(["onnx"], "")),
    "torch facts": lambda _: read_torch_facts(),
    "inspection": lambda _: QuickInspection(DEMO),
    "every image": lambda _: FullInspection(DEMO),
    "samples": lambda _: AugmentationPreview(DEMO),
    "pictures": lambda _: pictures_of(DEMO, []),
    "NVML probe": lambda _: probe_safely(),
    "decoder": lambda _: Child(),
    "sampler": lambda study: SamplerProcess(1, study.path / "t", log=study.path / "l").start(),
    "Comet follower": lambda study: tracker.start_trackers(
        study.reference, TrackSettings(comet="offline")
    ),
    "Comet upload": lambda study: dispatch._run(["comet"], study.reference),
}


class Started(OSError):
    """Ends a start whose environment is known."""


@pytest.mark.parametrize("name", STARTS)
def test_every_child_waits_passively(name, tmp_path, monkeypatch):
    """Threads that spin starve others: a measurement or a run takes many times as long."""
    study = StudyFolder(tmp_path / "study")
    run = RunFolder(study.path / "reference")
    run.comet.mkdir(parents=True)
    seen: list[dict[str, str] | None] = []

    def start(*_: object, env: dict[str, str] | None = None, **__: object) -> SimpleNamespace:
        seen.append(env)
        raise Started

    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setattr(subprocess, "Popen", start)
    try:
        STARTS[name](study)
    except (Started, EnvironmentProblem):
        assert seen, "it failed before it started anything"
    assert [each and each["OMP_WAIT_POLICY"] for each in seen] == ["PASSIVE"]
    assert [each and each["OPENBLAS_NUM_THREADS"] for each in seen] == ["1"]


COMMAND = """
import os, sys
import medtui.cli
sys.argv[1:] = ["--version"]
assert not medtui.cli.main()
import numpy, threadpoolctl
print({each["num_threads"] for each in threadpoolctl.threadpool_info()})
"""


@pytest.mark.parametrize("chosen", [None, "2"])
def test_the_matrices_of_a_command_have_one_thread_or_those_that_the_user_chose(chosen):
    """OpenBLAS starts one thread a core otherwise, and they wait in loops."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OPENBLAS_NUM_THREADS": chosen or ""}
    if chosen is None:
        del environment["OPENBLAS_NUM_THREADS"]
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND], env=environment, check=True, capture_output=True, text=True
    )
    expected = min(int(chosen or 1), len(os.sched_getaffinity(0)))
    assert ended.stdout.splitlines()[-1] == str({expected})


def test_no_module_starts_a_process_in_another_way():
    """`Popen` and `run` stand where a process's lifetime is its own, and nowhere else."""
    package = Path(child_process.__file__).parent
    starts = {"subprocess.Popen(", "subprocess.run("}
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(start in path.read_text(encoding="utf-8") for start in starts)
    }
    assert found == {
        "child_start.py", "jobs/standby.py",
        "jobs/launcher.py", "jobs/worker_process.py", "jobs/tracker.py", "comet/dispatch.py",
        "tracking/dispatch.py",
        "datasets/decoding/pool.py", "telemetry/sampler_process.py", "fork_server/client.py",
        "engine/run/provenance.py", "doctor/terminal.py",  # git, nvidia-smi, tmux
        "engine/timing/cpu_share.py",  # a bare interpreter that counts
        "jobs/schedulers/slurm_programs.py",  # sbatch, squeue, scancel
        "jobs/schedulers/ray_actor.py", "jobs/schedulers/ray_cancel.py", "doctor/ray_nodes.py",
    }  # fmt: skip


def test_libraries_that_are_installed_beside_start_no_thread_that_prevents_forking():
    """Arrow's allocator starts one in any process that imports it, which scikit-learn does."""
    pytest.importorskip("pyarrow", reason="an extra")
    script = "import os, pyarrow, sklearn.metrics; print(len(os.listdir('/proc/self/task')))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=child_process.child_environment(),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "1\n"
