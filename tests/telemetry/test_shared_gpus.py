"""A polite study on a machine with a stranger's process, seen through NVML."""

import subprocess
from collections.abc import Iterator

import pytest

from medtui.jobs.courtesy import CHECK_SECONDS, Courtesy, GpuWatch
from medtui.jobs.device_slots import find_slots
from medtui.jobs.slot_pool import SlotPool
from medtui.preset import MachineSettings
from medtui.units import GIB
from tests.helpers.another_user import STRANGER, needs_root
from tests.helpers.manual_clock import ManualClock
from tests.helpers.scripted_nvml import ScriptedNvml
from tests.helpers.waiting import wait_until

FOUR_GPUS = ["count 4", *(f"{each}.uuid GPU-{each}{each}" for each in range(4))]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process of another user."""
    process = subprocess.Popen(["sleep", "600"], user=STRANGER, cwd="/")
    yield process
    process.kill()
    process.wait()


@needs_root
def test_a_strangers_gpu_is_taken_when_it_is_free(
    nvml: ScriptedNvml, stranger: subprocess.Popen[bytes]
) -> None:
    """Three slots of four; the log has user, process and memory."""
    nvml.say(*FOUR_GPUS, f"1.processes {stranger.pid}:{31 * GIB}")
    clock, lines = ManualClock(0.0), list[str]()
    watch = GpuWatch(clock=clock)
    courtesy = Courtesy(MachineSettings(workers=4), gpus=watch, report=lines.append)
    pool = SlotPool(find_slots(MachineSettings()), courtesy)

    def take() -> str:
        slot = pool.take()
        return slot.devices if slot else ""

    assert take() == ""
    wait_until(lambda: watch.latest() is not None, "the probe")
    assert [take() for _ in range(4)] == ["GPU-00", "GPU-22", "GPU-33", ""]
    assert lines == [
        f"GPU 1: {STRANGER}, sleep, 31 GiB: left alone until it is free (machine.polite)"
    ]
    nvml.say(*FOUR_GPUS)
    clock.now += CHECK_SECONDS
    assert take() == ""
    wait_until(lambda: watch.latest() is not None, "the probe")
    assert take() == "GPU-11"
