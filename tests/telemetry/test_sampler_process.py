"""A crashed sampler is restarted and never affects its run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.telemetry import Sample, SamplerProcess, read_samples
from tests.helpers.manual_clock import ManualClock
from tests.helpers.scripted_nvml import TWO_GPUS, ScriptedNvml
from tests.helpers.waiting import wait_until


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands still."""
    return ManualClock()


@pytest.fixture
def sampler(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], tmp_path: Path, clock: ManualClock
) -> SamplerProcess:
    """Return a sampler with a short interval, not started yet."""
    out, log = tmp_path / "telemetry.jsonl", tmp_path / "sampler.log"
    return SamplerProcess(
        sleeper.pid, out, log=log, devices="0", interval_s=0.1, clock=clock
    )  # fmt: skip


def samples_in(folder: Path) -> list[Sample]:
    """Return all samples written so far."""
    return read_samples(folder / "telemetry.jsonl")[0]


def test_it_samples_until_it_is_stopped(sampler: SamplerProcess, tmp_path: Path) -> None:
    """It is not restarted after a stop, and its file is complete."""
    sampler.start()
    wait_until(lambda: bool(samples_in(tmp_path)))
    assert sampler.ensure_alive()
    sampler.stop()
    assert not sampler.ensure_alive()
    assert (tmp_path / "telemetry.jsonl").read_bytes().endswith(b"\n")
    assert sampler.num_restarts == 0


@pytest.mark.parametrize("stray", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_sampler_comes_back_after_a_wait(
    sampler: SamplerProcess, tmp_path: Path, clock: ManualClock, stray: signal.Signals
) -> None:
    """One second after the first crash; it appends to the same file."""
    sampler.start()
    wait_until(lambda: bool(samples_in(tmp_path)))
    assert sampler.pid is not None
    os.kill(sampler.pid, stray)
    wait_until(lambda: not sampler.ensure_alive())
    before = len(samples_in(tmp_path))
    clock.now = 0.9
    assert not sampler.ensure_alive()
    clock.now = 1.0
    assert sampler.ensure_alive()
    wait_until(lambda: len(samples_in(tmp_path)) > before)
    sampler.stop()
    assert sampler.num_restarts == 1


def test_after_three_crashes_it_goes_on_without_nvml(
    sampler: SamplerProcess, nvml: ScriptedNvml, tmp_path: Path, clock: ManualClock
) -> None:
    """A lost GPU may crash processes that query it; CPU and memory are still recorded."""
    nvml.say("fail nvmlDeviceGetMemoryInfo_v2 crash", TWO_GPUS)
    sampler.start()
    for wait_s in (1, 2, 4):
        wait_until(lambda: not sampler.ensure_alive())
        clock.now += wait_s - 0.1
        assert not sampler.ensure_alive()
        clock.now += 0.1
        assert sampler.ensure_alive()
    wait_until(lambda: bool(samples_in(tmp_path)))
    assert sampler.is_nvml_off
    sampler.stop()
    last = samples_in(tmp_path)[-1]
    assert last.nvml_state == "NVML crashed its process 3 times and is not used any more."
    assert last.process_memory_bytes
    assert "Segmentation fault" in (tmp_path / "sampler.log").read_text()


def test_it_is_not_restarted_after_its_process_exited(
    sampler: SamplerProcess, sleeper: subprocess.Popen[bytes], tmp_path: Path, clock: ManualClock
) -> None:
    """The end of the run is not a failure of the sampler."""
    sampler.start()
    wait_until(lambda: bool(samples_in(tmp_path)))
    sleeper.kill()
    sleeper.wait()
    wait_until(lambda: not sampler.ensure_alive())
    clock.now = 1_000
    assert not sampler.ensure_alive()
    assert sampler.num_restarts == 0


def test_a_process_that_ended_before_the_start_is_not_mistaken(
    nvml: ScriptedNvml, tmp_path: Path
) -> None:
    """No other process is watched in its place."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    sampler = SamplerProcess(ended.pid, tmp_path / "telemetry.jsonl", log=tmp_path / "sampler.log")
    sampler.start()
    wait_until(lambda: not sampler.ensure_alive())
    assert samples_in(tmp_path) == []


def test_a_log_that_cannot_be_written_is_survived(
    nvml: ScriptedNvml, sleeper: subprocess.Popen[bytes], tmp_path: Path, clock: ManualClock
) -> None:
    """Nothing is raised; the next attempt may succeed."""
    log = tmp_path / "later" / "sampler.log"
    sampler = SamplerProcess(sleeper.pid, tmp_path / "telemetry.jsonl", log=log, clock=clock)
    sampler.start()
    assert not sampler.ensure_alive()
    log.parent.mkdir()
    clock.now = 1.0
    assert sampler.ensure_alive()
    sampler.stop()
