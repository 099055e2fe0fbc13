"""The sampler as a process."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import pytest

from medtui.runs.ownership.claim import OwnClaim, make_claim, newest_generation
from medtui.runs.ownership.owner import this_process
from medtui.telemetry import Sample, SampleTail, read_samples
from medtui.telemetry.ownership import Ownership
from medtui.telemetry.process_stat import read_stat
from medtui.telemetry.process_tree import listed_descendants
from medtui.telemetry.sample_log import SampleLog
from medtui.telemetry.sampler import TERMINATED
from tests.helpers.owners import claim_elsewhere
from tests.helpers.scripted_nvml import TWO_GPUS, ScriptedNvml
from tests.helpers.waiting import wait_until


@contextmanager
def sampling(out: Path, pid: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a sampler with a short interval; its output goes beside `out`."""
    command = [sys.executable, "-m", "medtui.telemetry.sampler", f"--pid={pid}", f"--out={out}"]
    with out.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--interval=0.1", *options], stdin=subprocess.DEVNULL, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def samples_of(out: Path) -> list[Sample]:
    """Return all samples written so far."""
    return read_samples(out)[0]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the file to write to."""
    return tmp_path / "telemetry.jsonl"


def test_a_sample_holds_the_machine_and_its_gpus(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """The process's GPU memory is found by its pid; the first sample has no rates."""
    nvml.say(f"0.processes 1:5 {sleeper.pid}:7000", TWO_GPUS)
    with sampling(out, sleeper.pid, "--devices=0"):
        wait_until(lambda: any(sample.gpus for sample in samples_of(out)[1:]))
    first, *later = samples_of(out)
    last = next(sample for sample in later if sample.gpus)
    assert (first.process_cpu_percent, first.host_cpu_percent) == (None, None)
    assert last.process_cpu_percent == 0.0
    assert last.host_cpu_percent is not None
    assert 0 < (last.process_memory_bytes or 0) < psutil.virtual_memory().total
    assert last.host_memory_total_bytes == psutil.virtual_memory().total
    assert last.elapsed_s > first.elapsed_s
    assert last.nvml_state == "ok"
    assert [gpu.process_memory_bytes for gpu in last.gpus] == [7000]


def test_the_environment_names_the_devices(
    nvml: ScriptedNvml,
    sleeper: subprocess.Popen[bytes],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without `--devices`, `CUDA_VISIBLE_DEVICES` is used."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-2222")
    with sampling(out, sleeper.pid):
        wait_until(lambda: bool(samples_of(out)) and bool(samples_of(out)[-1].gpus))
    assert [gpu.index for gpu in samples_of(out)[-1].gpus] == [1]


def test_a_run_on_the_cpu_leaves_nvml_alone(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """A driver that crashes on every query does not affect a run on the CPU."""
    nvml.say("fail nvmlInitWithFlags crash")
    with sampling(out, sleeper.pid, "--devices=none"):
        wait_until(lambda: len(samples_of(out)) >= 2)
    assert samples_of(out)[1].nvml_state == "No GPU is visible to this run."


def test_children_are_counted_in(nvml: ScriptedNvml, out: Path) -> None:
    """A child's CPU time and memory belong to the watched process."""
    busy = f"{sys.executable} -c 'while True: pass' & wait"
    parent = subprocess.Popen(["bash", "-c", busy], start_new_session=True)
    try:
        wait_until(lambda: bool(psutil.Process(parent.pid).children()))
        with sampling(out, parent.pid, "--devices=none"):
            wait_until(lambda: any(sample.process_cpu_percent for sample in samples_of(out)))
        alone = read_stat(parent.pid)
        assert alone is not None
        assert (samples_of(out)[-1].process_memory_bytes or 0) > alone.memory_bytes
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()


def test_descendants_are_read_from_the_kernels_lists(tmp_path: Path) -> None:
    """Each thread has its own list of children; an exited process has none."""
    for thread, children in {"1/task/1": "2 3 ", "1/task/9": "4 ", "2/task/2": "5 "}.items():
        (tmp_path / thread).mkdir(parents=True)
        (tmp_path / thread / "children").write_text(children)
    assert sorted(listed_descendants(1, tmp_path)) == [2, 3, 4, 5]


def test_it_ends_with_the_watched_process(nvml: ScriptedNvml, out: Path) -> None:
    """A zombie counts as exited, even if its parent does not wait for it."""
    watched = subprocess.Popen(["sleep", "600"])
    with sampling(out, watched.pid) as sampler:
        wait_until(lambda: bool(samples_of(out)))
        watched.kill()
        assert sampler.wait(60) == 0
    watched.wait()
    assert out.read_bytes().endswith(b"\n")


def test_a_reused_pid_is_never_followed(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """The start time distinguishes processes with the same pid."""
    stat = read_stat(sleeper.pid)
    assert stat is not None
    with sampling(out, sleeper.pid, f"--start-ticks={stat.start_ticks - 1}") as sampler:
        assert sampler.wait(60) == 0
    assert samples_of(out) == []


def own(folder: Path, pid: int) -> OwnClaim:
    """Own a folder as a process of this machine."""
    stat = read_stat(pid)
    assert stat is not None
    owner = msgspec.structs.replace(this_process(), pid=pid, start_ticks=stat.start_ticks)
    claim = make_claim(folder, owner, after=newest_generation(folder), is_contested=False)
    assert claim is not None
    return claim


def test_it_ends_when_another_process_has_taken_the_run_over(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """The watched process may be suspended meanwhile; the other one's sampler writes now."""
    with sampling(out, sleeper.pid, "--devices=none") as sampler:
        wait_until(lambda: bool(samples_of(out)))
        own(out.parent, sleeper.pid)
        wait_until(lambda: samples_of(out)[-1].generation == 1)
        sampler.send_signal(signal.SIGSTOP)
        claim_elsewhere(out.parent)
        before = out.read_bytes()
        sampler.send_signal(signal.SIGCONT)
        assert sampler.wait(60) == 0
    assert sleeper.poll() is None
    assert out.read_bytes() == before


def test_it_writes_nothing_while_another_process_owns_the_run(
    sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """Its own process is about to own the run, or to be refused."""
    stat = read_stat(sleeper.pid)
    assert stat is not None
    ownership = Ownership(out.parent, sleeper.pid, stat.start_ticks)
    assert ownership.permits()
    other = claim_elsewhere(out.parent)
    assert not ownership.permits()
    assert not ownership.is_superseded
    other.release()
    assert ownership.permits()
    own(out.parent, sleeper.pid)
    assert ownership.permits()
    assert ownership.generation == 2
    claim_elsewhere(out.parent).release()
    assert not ownership.permits()
    assert ownership.is_superseded


def test_sigterm_ends_it_and_a_dropped_connection_does_not(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """SIGHUP and SIGINT are ignored; SIGTERM never interrupts a line."""
    with sampling(out, sleeper.pid) as sampler:
        wait_until(lambda: bool(samples_of(out)))
        sampler.send_signal(signal.SIGHUP)
        sampler.send_signal(signal.SIGINT)
        before = len(samples_of(out))
        wait_until(lambda: len(samples_of(out)) > before + 1)
        sampler.terminate()
        assert sampler.wait(60) == TERMINATED
    assert out.read_bytes().endswith(b"\n")
    assert out.with_suffix(".log").read_text() == ""


def test_a_full_disk_costs_samples_and_nothing_else(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """Samples that do not fit on the disk are dropped and counted; later lines are intact."""
    with sampling(out, sleeper.pid) as sampler:
        wait_until(lambda: bool(samples_of(out)))
        unlimited = resource.prlimit(sampler.pid, resource.RLIMIT_FSIZE)
        full_at = out.stat().st_size + 5_000
        resource.prlimit(sampler.pid, resource.RLIMIT_FSIZE, (full_at, unlimited[1]))
        wait_until(lambda: out.stat().st_size == full_at)
        is_torn = not out.read_bytes().endswith(b"\n")
        resource.prlimit(sampler.pid, resource.RLIMIT_FSIZE, unlimited)
        wait_until(lambda: bool(samples_of(out)) and samples_of(out)[-1].num_dropped > 0)
        assert sampler.poll() is None
    tail = SampleTail(out)
    tail.read_all()
    assert tail.num_damaged == is_torn


def test_a_file_that_cannot_be_opened_costs_samples(tmp_path: Path) -> None:
    """The folder may be created later."""
    log = SampleLog(tmp_path / "folder" / "telemetry.jsonl")
    sample = Sample(time=1.0, elapsed_s=0.0)
    assert not log.append(sample)
    (tmp_path / "folder").mkdir()
    assert log.append(sample)
    log.close()
    assert log.num_dropped == 1
    assert read_samples(log.path)[0] == [sample]


def test_a_restarted_sampler_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    """A killed writer may leave a partial line."""
    path = tmp_path / "telemetry.jsonl"
    path.write_bytes(b'{"time":1.0,"elap')
    log = SampleLog(path)
    log.append(Sample(time=2.0, elapsed_s=0.0))
    log.close()
    assert [sample.time for sample in read_samples(path)[0]] == [2.0]


def test_it_goes_on_while_nvml_hangs(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """Process values are still written, with a reason for the GPUs; SIGTERM works."""
    nvml.say("fail nvmlDeviceGetPowerUsage hang", TWO_GPUS)
    with sampling(out, sleeper.pid) as sampler:
        wait_until(lambda: len(samples_of(out)) >= 3)
        sampler.terminate()
        assert sampler.wait(60) == TERMINATED
    assert all(sample.nvml_state.startswith("NVML has not answered") for sample in samples_of(out))
    assert samples_of(out)[-1].process_memory_bytes


def test_it_survives_the_driver(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], out: Path
) -> None:
    """The driver may be unloaded and loaded again; the sampler prints nothing."""
    with sampling(out, sleeper.pid):
        wait_until(lambda: bool(samples_of(out)) and samples_of(out)[-1].nvml_state == "ok")
        gone = "fail nvmlDeviceGetPowerUsage 9"
        nvml.say(gone, "fail nvmlInitWithFlags 9", TWO_GPUS)
        wait_until(lambda: "not loaded" in samples_of(out)[-1].nvml_state)
        nvml.say(TWO_GPUS)
        wait_until(lambda: samples_of(out)[-1].nvml_state == "ok")
    assert out.with_suffix(".log").read_text() == ""
