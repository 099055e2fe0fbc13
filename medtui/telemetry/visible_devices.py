"""GPUs available to a run: interprets `CUDA_VISIBLE_DEVICES` without loading a library."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

NO_DEVICES = "none"
"""A device list without devices; CUDA reads it in the same way."""


@dataclass
class Device:
    """A GPU or a MIG instance as the driver lists it."""

    index: int
    """NVML index; that of the parent GPU for a MIG instance."""
    handle: Any = None
    """NVML handle; None where the driver returned none."""
    uuid: str | None = None
    """`GPU-...` or `MIG-...`."""
    name: str | None = None
    """Product name."""
    missing: dict[str, str] = field(default_factory=dict)
    """`uuid` or `name` to the reason why it is None."""
    problem: str = ""
    """Why it cannot be queried; empty where it can."""
    is_mig: bool = False
    legacy_uuid: str = ""
    """Name of a MIG instance before driver 470: `MIG-GPU-.../instance/compute instance`."""
    instances: list["Device"] = field(default_factory=list)
    """MIG instances of a GPU."""


def select_devices(visible: str | None, devices: Sequence[Device]) -> list[Device]:
    """Return the devices in `visible`, a value of `CUDA_VISIBLE_DEVICES`; None selects all.

    As in CUDA, the list ends at the first entry that names no device. A GPU in MIG mode is replaced
    by its instances. Indices follow PCI bus order; CUDA does so only with
    `CUDA_DEVICE_ORDER=PCI_BUS_ID`, which matters on machines with different GPUs.

    Source: CUDA C++ Programming Guide, "CUDA Environment Variables"; NVIDIA MIG User Guide,
    "Device Enumeration".
    """
    if visible is None:
        return [unit for device in devices for unit in _units_of(device)]
    selected: list[Device] = []
    for entry in visible.split(","):
        device = _named(entry.strip(), devices)
        if device is None:
            break
        selected += [unit for unit in _units_of(device) if unit not in selected]
    return selected


def visible_for(torch_device: str, visible: str | None) -> str:
    """Return the entry of `visible` that torch calls `torch_device`: `cuda:1` of `4,7` is `7`.

    `visible` is the worker's `CUDA_VISIBLE_DEVICES`, None where it is not set. Returns `NO_DEVICES`
    for a device that is not a GPU or not in `visible`.
    """
    kind, _, ordinal = torch_device.partition(":")
    if kind != "cuda":
        return NO_DEVICES
    number = int(ordinal or 0)
    if visible is None:
        return str(number)
    entries = [entry.strip() for entry in visible.split(",")]
    return entries[number] if number < len(entries) and entries[number] else NO_DEVICES


def named_entries(visible: str) -> list[str]:
    """Return the entries of `CUDA_VISIBLE_DEVICES` that name devices.

    As in CUDA, the list ends at the first that does not, and one that repeats an entry is empty.
    """
    found: list[str] = []
    for entry in (each.strip() for each in visible.split(",")):
        if entry in found:
            return []
        if not (entry.isdecimal() or entry.startswith(("GPU-", "MIG-"))):
            break
        found.append(entry)
    return found


def hides_all(visible: str | None) -> bool:
    """Return whether `visible` selects no device on any machine."""
    return visible is not None and not named_entries(visible)


def _units_of(device: Device) -> list[Device]:
    return device.instances or [device]


def _named(entry: str, devices: Sequence[Device]) -> Device | None:
    if entry.isdecimal():
        return next((device for device in devices if device.index == int(entry)), None)
    if entry.startswith("GPU-"):
        return _only(device for device in devices if (device.uuid or "").startswith(entry))
    if entry.startswith("MIG-"):
        instances = [instance for device in devices for instance in device.instances]
        exact = [instance for instance in instances if instance.legacy_uuid == entry]
        return _only(exact or [unit for unit in instances if (unit.uuid or "").startswith(entry)])
    return None


def _only(matches: Iterable[Device]) -> Device | None:
    """Return the only match; an ambiguous prefix selects nothing."""
    found = list(matches)
    return found[0] if len(found) == 1 else None
