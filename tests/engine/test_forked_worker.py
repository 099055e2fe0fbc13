"""A worker that is forked computes the bits of one that is started, and owns its run alike."""

from pathlib import Path

import pytest

from medtui.child_process import child_environment
from medtui.events import RunStarted
from medtui.fork_server import ForkServer, StartedProcess
from medtui.jobs.device_slots import Slot
from medtui.jobs.planning import plan_runs
from medtui.jobs.worker_process import WorkerStarter, server_modules
from medtui.preset import Preset, parse_preset
from medtui.runs.folder import RunFolder, create_study
from medtui.runs.owner import decode_owner
from medtui.storage.owner_records import record_path
from medtui.telemetry import NO_DEVICES
from medtui.telemetry.process_stat import read_stat
from tests.helpers.study_processes import assert_same_outcome, events_of
from tests.helpers.waiting import wait_until

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


def planned(folder: Path) -> tuple[Preset, RunFolder]:
    """Return a study's preset and its reference, which is still to be trained."""
    preset = parse_preset(PRESET, "forked")
    study = create_study(folder, preset.name)
    study.preset.write_text(PRESET, encoding="utf-8")
    return preset, plan_runs(study, preset)[0]


def finished(workers: WorkerStarter, run: RunFolder) -> StartedProcess:
    """Return a run's worker when it has ended well."""
    worker = workers.start(run, Slot(NO_DEVICES, "cpu"))
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


@pytest.mark.slow
def test_the_compiler_can_be_imported_before_forking():
    """For fast mode: it starts no thread, or the server would refuse to fork."""
    preset = parse_preset(PRESET + '[lc]\nmode = "fast"\n', "forked")
    assert "torch._dynamo" in server_modules(preset)
    server = ForkServer(server_modules(preset), child_environment(), warn=pytest.fail)
    server.start()
    wait_until(lambda: server.is_settled, "the server")
    server.close()
