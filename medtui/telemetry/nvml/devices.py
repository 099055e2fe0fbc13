"""Which GPUs and MIG instances the driver lists."""

from collections.abc import Iterator

import pynvml

from medtui.telemetry.nvml.errors import SessionOver, Unanswered, answer
from medtui.telemetry.visible_devices import Device


def list_devices() -> list[Device]:
    """Return every GPU with its MIG instances; one that does not answer, with its trouble.

    Raises:
        SessionOver: NVML answers nothing any more, or not even how many GPUs there are.
    """
    try:
        count = answer(pynvml.nvmlDeviceGetCount)
    except Unanswered as error:
        raise SessionOver(f"NVML does not tell which GPUs there are: {error}.") from error
    return [_device_at(index) for index in range(count)]


def _device_at(index: int) -> Device:
    try:
        handle = answer(pynvml.nvmlDeviceGetHandleByIndex, index)
    except Unanswered as error:
        reason = str(error)
        return Device(index, trouble=reason, missing={"uuid": reason, "name": reason})
    device = _introduced(Device(index, handle))
    if _is_mig_enabled(handle):
        device.instances = list(_mig_instances(device))
        device.trouble = "" if device.instances else "MIG mode without instances"
    return device


def _introduced(device: Device) -> Device:
    """Fill in the name and the UUID, or why they are not known."""
    for field, question in (("uuid", pynvml.nvmlDeviceGetUUID), ("name", pynvml.nvmlDeviceGetName)):
        try:
            setattr(device, field, answer(question, device.handle))
        except Unanswered as error:
            device.missing[field] = str(error)
    return device


def _is_mig_enabled(handle: object) -> bool:
    try:
        current, _pending = answer(pynvml.nvmlDeviceGetMigMode, handle)
    except Unanswered:
        return False
    return bool(current == pynvml.NVML_DEVICE_MIG_ENABLE)


def _mig_instances(parent: Device) -> Iterator[Device]:
    try:
        slots = answer(pynvml.nvmlDeviceGetMaxMigDeviceCount, parent.handle)
    except Unanswered:
        return
    for slot in range(slots):
        try:
            handle = answer(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, parent.handle, slot)
        except Unanswered:  # the slot is empty
            continue
        instance = _introduced(Device(parent.index, handle, is_mig=True))
        instance.legacy_uuid = _legacy_uuid(parent, handle)
        yield instance


def _legacy_uuid(parent: Device, handle: object) -> str:
    try:
        gpu_instance = answer(pynvml.nvmlDeviceGetGpuInstanceId, handle)
        compute_instance = answer(pynvml.nvmlDeviceGetComputeInstanceId, handle)
    except Unanswered:
        return ""
    return f"MIG-{parent.uuid}/{gpu_instance}/{compute_instance}"
