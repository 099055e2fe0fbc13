"""The list of GPUs for `doctor` and Home, in every state of the driver."""

import os
import shutil
import subprocess

import pytest

from medtui.child_process import ChildProcess
from medtui.protocol.gpus import probe_decoder
from medtui.telemetry import probe_safely
from medtui.telemetry.gpu_probe import probe
from medtui.telemetry.vitals import vitals_of
from tests.helpers.scripted_nvml import TWO_GPUS, ScriptedNvml


def test_gpus_and_who_computes_on_them_are_listed(nvml: ScriptedNvml) -> None:
    """With user names where the process table has them, regardless of `CUDA_VISIBLE_DEVICES`."""
    nvml.say(f"0.processes {os.getpid()}:500 1:600 999999999:700", TWO_GPUS)
    probed = probe_safely()
    versions = (probed.driver_version, probed.nvml_version, probed.cuda_version)
    assert versions == ("550.54.15", "12.550.54.15", "12.4")
    assert [one.gpu.memory_free_bytes for one in probed.gpus] == [120_000_000_000, 39_000]
    hidden, init, ours = probed.gpus[0].processes or []
    assert (ours.pid, ours.is_other_user, ours.memory_bytes) == (os.getpid(), False, 500)
    assert init.user == "root"
    assert (hidden.pid, hidden.user, hidden.is_other_user) == (999999999, None, None)
    assert probed.reason == ""


def test_processes_that_may_not_be_seen_are_unknown(nvml: ScriptedNvml) -> None:
    """The value is None with a reason, not an empty list."""
    nvml.say("fail nvmlDeviceGetComputeRunningProcesses_v3 4", TWO_GPUS)
    gpu = probe_safely().gpus[0]
    assert (gpu.processes, gpu.processes_missing) == (None, "no permission")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("fail nvmlInitWithFlags 9", "driver is not loaded"),
        ("fail nvmlInitWithFlags 18", "driver and library versions differ"),
        ("fail nvmlDeviceGetUtilizationRates crash", "crashed its process (SIGSEGV)"),
        ("count 0", "lists none"),
    ],
)
def test_no_gpus_come_with_the_reason(nvml: ScriptedNvml, line: str, reason: str) -> None:
    """A crash in the driver's library is one of the reasons."""
    nvml.say(line, TWO_GPUS)
    probed = probe_safely()
    assert probed.gpus == []
    assert reason in probed.reason


def test_a_driver_that_hangs_is_not_waited_for(nvml: ScriptedNvml) -> None:
    """The probe returns after its timeout."""
    nvml.say("fail nvmlInitWithFlags hang")
    assert probe_safely(timeout_s=1.0).reason == "NVML did not answer within 1 s."


def test_a_screen_is_told_again_and_again(nvml: ScriptedNvml) -> None:
    """By a process of its own, which ends when nobody reads it any more."""
    nvml.say(f"0.processes {os.getpid()}:500", TWO_GPUS)
    with ChildProcess(
        "medtui.telemetry.gpu_watch", probe_decoder, error_prefix="The GPUs were not read"
    ) as child:
        messages = child.messages()
        first, second = next(messages), next(messages)
    assert len(first.gpus) == len(second.gpus) == 2
    assert vitals_of(second.gpus[0], "GPU0", ()).is_own


@pytest.mark.gpu
def test_the_real_library_agrees_with_nvidia_smi() -> None:
    """Values that do not change over time are equal."""
    if shutil.which("nvidia-smi") is None:
        pytest.skip("NO GPU: nvidia-smi is not here, the real NVML stays untested")
    query = "--query-gpu=index,uuid,name,memory.total,driver_version,mig.mode.current"
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    probed = probe()
    whole = [one.gpu for one in probed.gpus if not one.gpu.is_mig]
    for row in rows:
        index, uuid, name, memory_mib, driver, mig = (cell.strip() for cell in row.split(","))
        assert driver == probed.driver_version
        if mig == "Enabled":
            continue
        gpu = next(gpu for gpu in whole if gpu.uuid == uuid)
        assert (str(gpu.index), gpu.name) == (index, name)
        assert gpu.memory_total_bytes is not None
        assert round(gpu.memory_total_bytes / 1024**2) == int(memory_mib)
        assert set(gpu.missing) <= {"process_memory_bytes"}
