"""GPUs and MIG instances that the driver lists."""

from collections.abc import Iterator

import pynvml

from medtui.telemetry.nvml.errors import NvmlUnavailable, QueryFailed, query
from medtui.telemetry.visible_devices import Device


def list_devices() -> list[Device]:
    """Return every GPU with its MIG instances; a GPU that cannot be queried has a `problem`.

    Raises:
        NvmlUnavailable: NVML cannot be used, or does not return the number of GPUs.
    """
    try:
        count = query(pynvml.nvmlDeviceGetCount)
    except QueryFailed as error:
        raise NvmlUnavailable(f"NVML does not return the number of GPUs: {error}.") from error
    return [_device_at(index) for index in range(count)]


def _device_at(index: int) -> Device:
    try:
        handle = query(pynvml.nvmlDeviceGetHandleByIndex, index)
    except QueryFailed as error:
        reason = str(error)
        return Device(index, problem=reason, missing={"uuid": reason, "name": reason})
    device = _introduced(Device(index, handle))
    if _is_mig_enabled(handle):
        device.instances = list(_mig_instances(device))
        device.problem = "" if device.instances else "MIG mode without instances"
    return device


def _introduced(device: Device) -> Device:
    """Set the name and the UUID, or the reasons why they are unknown."""
    for field, function in (("uuid", pynvml.nvmlDeviceGetUUID), ("name", pynvml.nvmlDeviceGetName)):
        try:
            setattr(device, field, query(function, device.handle))
        except QueryFailed as error:
            device.missing[field] = str(error)
    return device


def _is_mig_enabled(handle: object) -> bool:
    try:
        current, _pending = query(pynvml.nvmlDeviceGetMigMode, handle)
    except QueryFailed:
        return False
    return bool(current == pynvml.NVML_DEVICE_MIG_ENABLE)


def _mig_instances(parent: Device) -> Iterator[Device]:
    try:
        slots = query(pynvml.nvmlDeviceGetMaxMigDeviceCount, parent.handle)
    except QueryFailed:
        return
    for slot in range(slots):
        try:
            handle = query(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, parent.handle, slot)
        except QueryFailed:  # the slot is empty
            continue
        instance = _introduced(Device(parent.index, handle, is_mig=True))
        instance.legacy_uuid = _legacy_uuid(parent, handle)
        yield instance


def _legacy_uuid(parent: Device, handle: object) -> str:
    try:
        gpu_instance = query(pynvml.nvmlDeviceGetGpuInstanceId, handle)
        compute_instance = query(pynvml.nvmlDeviceGetComputeInstanceId, handle)
    except QueryFailed:
        return ""
    return f"MIG-{parent.uuid}/{gpu_instance}/{compute_instance}"
