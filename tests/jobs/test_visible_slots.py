"""Which GPUs `auto` takes under `CUDA_VISIBLE_DEVICES`."""

import pytest

from medtui.jobs import device_slots
from medtui.jobs.device_slots import (
    explain_device,
    explain_runs_per_gpu,
    find_slots,
    num_packed,
    resolve_threads,
)
from medtui.preset import MachineSettings, parse_preset
from medtui.protocol.gpus import Probe

AUTO = MachineSettings(workers=2)


class _Gpus:
    """A machine with GPUs, as far as slots look at it."""

    gpus = ("a GPU",)


@pytest.mark.parametrize(
    ("visible", "devices"),
    [
        ("0", ["0"]), ("1,0", ["1", "0"]), ("1,-1,0", ["1"]), ("0,,1", ["0"]), ("0,0", []),
        ("NoDevFiles", []), ("none", []), ("all", []), ("void", []), ("", []), ("-1", []),
        ("GPU-12,MIG-3", ["GPU-12", "MIG-3"]),
    ],
)  # fmt: skip
def test_the_list_ends_as_in_cuda(monkeypatch, visible, devices):
    """At the first entry that names no device; with a repeated entry it is empty."""
    monkeypatch.setattr(device_slots, "probe_safely", _Gpus)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    slots = find_slots(AUTO)
    assert [slot.devices for slot in slots if slot.device != "cpu"] == devices
    assert len(slots) >= 1


def test_several_runs_share_a_gpu(monkeypatch):
    """Few runs have a GPU each; `workers` limits all, and threads are shared among all."""
    monkeypatch.setattr(device_slots, "probe_safely", _Gpus)
    monkeypatch.setattr(device_slots, "num_cores", lambda: 12)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    text = 'name = "packed"\n[data]\ncard = "demo"\n[machine]\nruns_per_gpu = 3\n'
    packed = parse_preset(text, "packed")
    slots = find_slots(packed.machine)
    assert [slot.devices for slot in slots] == ["0", "1"] * 3
    assert [num_packed(slots, count) for count in (1, 2, 3, 6, 9)] == [1, 1, 2, 3, 3]
    assert resolve_threads(packed).threads == 2
    assert "3 runs share a GPU and its memory" in explain_runs_per_gpu(packed.machine)
    four = parse_preset(text + "workers = 4", "packed").machine
    assert [slot.devices for slot in find_slots(four)] == ["0", "1", "0", "1"]
    two = parse_preset(text + "workers = 2", "packed").machine
    assert "leaves each run a GPU of its own" in explain_runs_per_gpu(two)
    alone = parse_preset(text + 'device = "cuda:1"', "packed").machine
    assert [slot.devices for slot in find_slots(alone)] == ["1"] * 3


def test_on_a_cpu_runs_per_gpu_has_no_effect_and_says_so():
    """Cores are shared by `workers`."""
    machine = MachineSettings(device="cpu", runs_per_gpu=4, workers=2)
    assert len(find_slots(machine)) == 2
    assert (
        explain_runs_per_gpu(machine) == "machine.runs_per_gpu = 4 has no effect: runs use the CPU"
    )
    assert explain_runs_per_gpu(MachineSettings(device="cpu")) == ""


@pytest.mark.parametrize("visible", ["0", "NoDevFiles"])
def test_without_a_gpu_auto_is_the_cpu_and_says_so(monkeypatch, visible):
    """Schedulers set the variable in jobs without a GPU, too."""
    monkeypatch.setattr(device_slots, "probe_safely", Probe)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert {slot.device for slot in find_slots(AUTO)} == {"cpu"}
    assert f"CUDA_VISIBLE_DEVICES={visible} names no GPU" in explain_device(AUTO)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert explain_device(AUTO) == ""
