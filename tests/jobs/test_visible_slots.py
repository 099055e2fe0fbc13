"""Which GPUs `auto` takes under `CUDA_VISIBLE_DEVICES`."""

import pytest

from medtui.jobs import device_slots
from medtui.jobs.device_slots import explain_device, find_slots
from medtui.preset import MachineSettings
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


@pytest.mark.parametrize("visible", ["0", "NoDevFiles"])
def test_without_a_gpu_auto_is_the_cpu_and_says_so(monkeypatch, visible):
    """Schedulers set the variable in jobs without a GPU, too."""
    monkeypatch.setattr(device_slots, "probe_safely", Probe)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert {slot.device for slot in find_slots(AUTO)} == {"cpu"}
    assert f"CUDA_VISIBLE_DEVICES={visible} names no GPU" in explain_device(AUTO)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert explain_device(AUTO) == ""
