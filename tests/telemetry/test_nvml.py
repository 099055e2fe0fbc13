"""NVML through pynvml's ctypes, against a scripted library."""

import os
import subprocess
import sys

import msgspec
import pytest

from medtui.telemetry import GpuProcess, GpuSample
from tests.helpers.scripted_nvml import MIG_GPU, TWO_GPUS, ScriptedNvml

NULLABLE = {
    field.name
    for field in msgspec.structs.fields(GpuSample)
    if field.name not in {"index", "is_mig", "missing"}
}


def assert_each_gap_is_explained(gpu: GpuSample) -> None:
    """Exactly the fields that are None have a reason."""
    assert {name for name in NULLABLE if getattr(gpu, name) is None} == set(gpu.missing)
    assert all(gpu.missing.values())


def test_every_field_is_read(nvml: ScriptedNvml) -> None:
    """All values of one GPU are read, in their units."""
    nvml.say("0.processes 999994243:1000000000 999994242:20000000000", TWO_GPUS)
    reading = nvml.read("0", pids=(999994242, 999994243, 1))
    assert reading.state == "ok"
    assert reading.gpus == [
        GpuSample(
            index=0,
            uuid="GPU-11111111-aaaa-bbbb-cccc-000000000000",
            name="NVIDIA H200",
            memory_used_bytes=30_000_000_000,
            memory_free_bytes=120_000_000_000,
            memory_total_bytes=150_000_000_000,
            process_memory_bytes=21_000_000_000,
            gpu_percent=87,
            memory_percent=41,
            power_w=512.345,
            power_limit_w=700.0,
            temperature_c=61,
            sm_clock_mhz=1755,
            max_sm_clock_mhz=1980,
            memory_clock_mhz=3201,
            throttle_reasons=["power cap", "software thermal slowdown"],
            processes=[
                GpuProcess(999994242, memory_bytes=20_000_000_000),
                GpuProcess(999994243, memory_bytes=1_000_000_000),
            ],
        )
    ]


def test_processes_on_a_gpu_are_recorded_with_their_users(nvml: ScriptedNvml) -> None:
    """The largest first, of every user; a pid that is hidden here has neither user nor program."""
    nvml.say(f"0.processes {os.getpid()}:500 1:600 999999999:700", TWO_GPUS)
    hidden, init, ours = nvml.read("0", pids=(os.getpid(),)).gpus[0].processes or []
    assert (hidden.user, hidden.name, hidden.is_other_user) == (None, None, None)
    assert init.user == "root"
    assert (ours.is_other_user, ours.memory_bytes) == (False, 500)
    many = " ".join(f"{999990000 + each}:{each}" for each in range(20))
    nvml.say(f"0.processes {many}", TWO_GPUS)
    gpu = nvml.read("0", pids=(999990000, 999990019)).gpus[0]
    assert [each.memory_bytes for each in gpu.processes or []] == list(range(19, 3, -1))
    assert gpu.process_memory_bytes == 19


def test_several_gpus_are_read_in_their_order(nvml: ScriptedNvml) -> None:
    """`CUDA_VISIBLE_DEVICES` selects and orders them."""
    assert [gpu.index for gpu in nvml.read().gpus] == [0, 1]
    assert [gpu.index for gpu in nvml.read("GPU-2222,0").gpus] == [1, 0]


def test_a_process_that_is_not_listed_is_unknown_not_zero(nvml: ScriptedNvml) -> None:
    """Inside a container the driver does not know our pids."""
    gpu = nvml.read("0", pids=(7,)).gpus[0]
    assert gpu.process_memory_bytes is None
    assert gpu.missing == {"process_memory_bytes": "process not listed"}


def test_a_process_whose_memory_the_driver_hides_is_unknown(nvml: ScriptedNvml) -> None:
    """As under WDDM and some vGPUs."""
    nvml.say("0.processes 4242:unknown", TWO_GPUS)
    assert nvml.read("0", pids=(4242,)).gpus[0].missing == {"process_memory_bytes": "n/a"}


VGPU = """\
count 1
0.name GRID A100-10C
0.uuid GPU-44444444-aaaa-bbbb-cccc-000000000000
0.memory 2000 8000 10000
0.utilisation 35 10
0.processes 4242:unknown
"""


def test_a_virtual_gpu_has_the_values_that_its_host_allows(nvml: ScriptedNvml) -> None:
    """Memory and utilisation are read; power, temperature and clocks are n/a."""
    nvml.say(VGPU)
    gpu = nvml.read(pids=(4242,)).gpus[0]
    assert (gpu.memory_used_bytes, gpu.gpu_percent) == (2000, 35)
    assert set(gpu.missing) == {
        "process_memory_bytes", "power_w", "power_limit_w", "temperature_c", "sm_clock_mhz",
        "max_sm_clock_mhz", "memory_clock_mhz", "throttle_reasons",
    }  # fmt: skip
    assert set(gpu.missing.values()) == {"n/a"}
    assert not gpu.is_mig


def test_a_gpu_without_permission_is_listed(nvml: ScriptedNvml) -> None:
    """A GPU without permission keeps its place with the reason; the other one is read."""
    nvml.say("fail nvmlDeviceGetHandleByIndex_v2:1 4", TWO_GPUS)
    first, second = nvml.read().gpus
    assert first.gpu_percent == 87
    assert second.note == "no permission"
    assert_each_gap_is_explained(second)


def test_mig_instances_are_walked(nvml: ScriptedNvml) -> None:
    """Empty slots are skipped; utilisation is n/a (MIG), never 0."""
    nvml.say(MIG_GPU)
    gpus = nvml.read(pids=(4242,)).gpus
    assert [gpu.uuid for gpu in gpus] == [
        "MIG-aaaaaaaa-0000-0000-0000-000000000000",
        "MIG-bbbbbbbb-0000-0000-0000-000000000000",
    ]
    assert [gpu.memory_total_bytes for gpu in gpus] == [5000, 20000]
    assert [gpu.process_memory_bytes for gpu in gpus] == [900, None]
    for gpu in gpus:
        assert gpu.is_mig
        assert gpu.index == 0
        assert gpu.gpu_percent is None
        assert gpu.missing["gpu_percent"] == "n/a (MIG)"
        assert_each_gap_is_explained(gpu)


@pytest.mark.parametrize(
    "visible", ["MIG-bbbbbbbb", "MIG-GPU-33333333-aaaa-bbbb-cccc-000000000000/9/0"]
)
def test_a_mig_instance_is_found_by_both_its_names(nvml: ScriptedNvml, visible: str) -> None:
    """Drivers before 470 name it by GPU, instance and compute instance."""
    nvml.say(MIG_GPU)
    assert [gpu.memory_total_bytes for gpu in nvml.read(visible).gpus] == [20000]


def test_mig_mode_without_instances_says_so(nvml: ScriptedNvml) -> None:
    """Such a GPU cannot run anything."""
    nvml.say("0.mig 7", TWO_GPUS)
    gpu = nvml.read("0").gpus[0]
    assert gpu.note == "MIG mode without instances"
    assert_each_gap_is_explained(gpu)


def test_a_failing_gpu_does_not_affect_the_others(nvml: ScriptedNvml) -> None:
    """A lost GPU keeps its place in the list."""
    nvml.say("fail nvmlDeviceGetHandleByIndex_v2:0 15", TWO_GPUS)
    lost, well = nvml.read().gpus
    assert (lost.index, lost.note) == (0, "GPU is lost")
    assert_each_gap_is_explained(lost)
    assert well.gpu_percent == 0
    assert well.missing == {"process_memory_bytes": "process not listed"}


def test_a_name_that_is_no_text_is_unknown(nvml: ScriptedNvml) -> None:
    """Invalid UTF-8 raises in pynvml and is reported as unreadable text."""
    nvml.say("0.name \xff\xfe", TWO_GPUS)
    gpu = nvml.read("0", pids=(4242,)).gpus[0]
    assert gpu.missing == {"name": "unreadable text"}


def test_old_drivers_are_queried_by_version_1(nvml: ScriptedNvml) -> None:
    """Old drivers support only version 1 of the memory and process queries."""
    absent = ("nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetComputeRunningProcesses_v3")
    nvml.say(*(f"fail {name} 13" for name in absent), TWO_GPUS)
    gpu = nvml.read("0", pids=(4242,)).gpus[0]
    assert (gpu.memory_used_bytes, gpu.process_memory_bytes) == (30_000_000_000, 20_000_000_000)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("fail nvmlInitWithFlags 9", "driver is not loaded"),
        ("fail nvmlInitWithFlags 12", "no NVIDIA driver is installed"),
        ("fail nvmlInitWithFlags 18", "driver and library versions differ"),
        ("fail nvmlInitWithFlags 4", "no permission"),
        ("fail nvmlInitWithFlags 999", "could not be initialised"),
        ("fail nvmlDeviceGetCount_v2 4", "no permission"),
        ("count 0", "lists none"),
    ],
)
def test_no_nvml_is_a_sentence(nvml: ScriptedNvml, lines: str, sentence: str) -> None:
    """The screen shows the sentence in place of the GPUs."""
    nvml.say(lines, TWO_GPUS)
    reading = nvml.read()
    assert sentence in reading.state
    assert reading.gpus == []


def test_devices_that_are_not_here_are_named(nvml: ScriptedNvml) -> None:
    """A typing error in `CUDA_VISIBLE_DEVICES` is visible in the message."""
    assert nvml.read("7").state == "CUDA_VISIBLE_DEVICES=7 selects no GPU of this machine."


def test_the_driver_vanishes_and_returns(nvml: ScriptedNvml) -> None:
    """NVML is opened again with backoff; meanwhile the state has the reason."""
    program = f"""
import pathlib, sys
from medtui.telemetry.nvml.session import NvmlSession
script = pathlib.Path({str(nvml.script)!r})
well = script.read_text()
now = 0.0
session = NvmlSession("0", clock=lambda: now)
def show():
    reading = session.read(())
    print(reading.state, len(reading.gpus))
show()
script.write_text("fail nvmlDeviceGetUtilizationRates 9\\nfail nvmlInitWithFlags 9\\n" + well)
show()
now = 1.0
show()
script.write_text(well)
now = 2.9
show()
now = 3.0
show()
"""
    away = "The NVIDIA driver is not loaded. 0"
    assert nvml.run("-c", program).decode().splitlines() == ["ok 1", away, away, away, "ok 1"]


def test_a_lost_gpu_is_not_queried_again(nvml: ScriptedNvml) -> None:
    """Querying a GPU that fell off the bus is known to crash."""
    program = f"""
import pathlib
from medtui.telemetry.nvml.session import NvmlSession
script = pathlib.Path({str(nvml.script)!r})
well = script.read_text()
session = NvmlSession("0")
session.read(())
script.write_text("fail nvmlDeviceGetUtilizationRates 15\\n" + well)
session.read(())
script.write_text("fail nvmlDeviceGetMemoryInfo_v2 crash\\n" + well)
print(session.read(()).gpus[0].note)
"""
    assert nvml.run("-c", program).decode().strip() == "GPU is lost"


def test_every_error_of_every_call_ends_as_a_value_or_a_reason(nvml: ScriptedNvml) -> None:
    """Every pynvml error code in every call leaves a value or a reason."""
    program = f"""
import pathlib, re, sys
import msgspec, pynvml
from medtui.telemetry.nvml.session import NvmlSession
script = pathlib.Path({str(nvml.script)!r})
well = script.read_text()
names = [name for name in vars(pynvml) if re.fullmatch("NVML_ERROR_[A-Z_]+", name)]
codes = [getattr(pynvml, name) for name in names]
for call in sys.argv[1:]:
    for code in codes:
        script.write_text(f"fail {{call}} {{code}}\\n" + well)
        reading = NvmlSession().read((4242,))
        print(msgspec.json.encode([call, code, reading.state, reading.gpus]).decode())
"""
    calls = [
        "nvmlInitWithFlags", "nvmlShutdown", "nvmlDeviceGetCount_v2",
        "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetUUID", "nvmlDeviceGetName",
        "nvmlDeviceGetMigMode", "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetUtilizationRates",
        "nvmlDeviceGetPowerUsage", "nvmlDeviceGetTemperature", "nvmlDeviceGetClockInfo",
        "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetComputeRunningProcesses_v3",
    ]  # fmt: skip
    lines = nvml.run("-c", program, *calls).splitlines()
    cells = [
        msgspec.json.decode(line, type=tuple[str, int, str, list[GpuSample]]) for line in lines
    ]
    assert len(cells) >= 31 * len(calls)
    for call, code, state, gpus in cells:
        assert state == "ok" or not gpus, (call, code)
        assert state.endswith(("ok", ".")), (call, code)
        for gpu in gpus:
            assert_each_gap_is_explained(gpu)


def test_reading_telemetry_loads_neither_pynvml_nor_psutil() -> None:
    """Screens start without them."""
    program = (
        "import sys, medtui.telemetry; print({'pynvml', 'psutil', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().strip() == "set()"
