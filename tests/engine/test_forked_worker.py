"""A worker that is forked computes the bits of one that is started, and owns its run alike."""

import os
from pathlib import Path

import pytest

from medtui.child_process import child_environment
from medtui.events import RunStarted
from medtui.fork_server import ForkServer, StartedProcess
from medtui.jobs.device_slots import Slot
from medtui.jobs.planning import plan_runs
from medtui.jobs.schedulers.task import Task, worker_task
from medtui.jobs.worker_process import WorkerStarter, server_modules
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import RunFolder
from medtui.runs.ownership.owner import decode_owner
from medtui.runs.runs_dir import create_study
from medtui.storage.owner_records import record_path
from medtui.telemetry import NO_DEVICES
from medtui.telemetry.process_stat import read_stat
from tests.helpers.study_processes import assert_same_outcome, events_of
from tests.helpers.waiting import wait_until

CPU = Slot(NO_DEVICES, "cpu")

PRESET = """
name = "forked"
[data]
card = "demo"
limit = 48
[reference]
epochs = 1
batch_size = 16
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
reference_threads = 2
"""


def planned(folder: Path, text: str = PRESET) -> tuple[Preset, RunFolder]:
    """Return a study's preset and its reference, which is still to be trained."""
    preset = parse_preset(text, "forked")
    study = create_study(folder, preset.name)
    study.preset.write_text(text, encoding="utf-8")
    return preset, plan_runs(study, preset)[0]


def task_of(run: RunFolder) -> Task:
    """Return the task of a run of that study."""
    return worker_task(run, parse_preset(PRESET, "forked"))


def finished(workers: WorkerStarter, run: RunFolder) -> StartedProcess:
    """Return a run's worker when it has ended well."""
    worker = workers.start(task_of(run), CPU)
    start_ticks = read_stat(worker.pid).start_ticks
    assert worker.wait(240) == 0, run.worker_log.read_text()
    owner = decode_owner(record_path(run.path, 1).read_bytes())
    assert (owner.pid, owner.start_ticks) == (worker.pid, start_ticks)
    assert next(each for each in events_of(run) if isinstance(each, RunStarted)).pid == worker.pid
    return worker


def test_a_forked_worker_computes_the_bits_of_one_that_was_started(tmp_path):
    """With two threads, none of which the server may have had."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    _, started = planned(tmp_path / "one")
    preset, forked = planned(tmp_path / "two")
    finished(WorkerStarter(), started)
    server = ForkServer(server_modules(preset), child_environment(), warn=pytest.fail)
    server.start()
    wait_until(lambda: server.is_settled, "the server")
    try:
        server_stat = read_stat(server.pid)
        worker = finished(WorkerStarter(server), forked)
        assert worker.pid != server.pid
        assert read_stat(server.pid).start_ticks == server_stat.start_ticks
    finally:
        server.close()
    assert_same_outcome(forked, started)
    for name in ("model.safetensors", "predictions.npz"):
        assert (forked.path / name).read_bytes() == (started.path / name).read_bytes()
    assert forked.worker_log.read_text() == started.worker_log.read_text()


SMALL = (
    PRESET.replace("48", "24").replace("_threads = 2", "_threads = 1")
    + """
[model]
architecture = "shufflenet_v2_x0_5"
"""
)


def test_two_runs_on_one_core_compute_the_bits_of_one_alone(tmp_path):
    """As runs do that share a GPU: they differ in time alone."""
    runs = list[RunFolder]()
    for name in ("alone", "first", "second"):
        (tmp_path / name).mkdir()
        preset, run = planned(tmp_path / name, SMALL)
        runs.append(run)
    server = ForkServer(server_modules(preset), child_environment(), warn=pytest.fail)
    server.start()
    wait_until(lambda: server.is_settled, "the server")
    try:
        os.sched_setaffinity(server.pid, {min(os.sched_getaffinity(0))})
        finished(WorkerStarter(server), runs[0])
        both = [WorkerStarter(server).start(task_of(run), CPU) for run in runs[1:]]
        assert [worker.wait(240) for worker in both] == [0, 0]
    finally:
        server.close()
    for name in ("model.safetensors", "predictions.npz"):
        assert len({(run.path / name).read_bytes() for run in runs}) == 1


@pytest.mark.slow
def test_the_compiler_can_be_imported_before_forking():
    """For fast mode: it starts no thread, or the server would refuse to fork."""
    preset = parse_preset(PRESET + '[lc]\nmode = "fast"\n', "forked")
    assert "torch._dynamo" in server_modules(preset)
    server = ForkServer(server_modules(preset), child_environment(), warn=pytest.fail)
    server.start()
    wait_until(lambda: server.is_settled, "the server")
    server.close()
