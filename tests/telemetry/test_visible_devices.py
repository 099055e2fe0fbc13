"""`CUDA_VISIBLE_DEVICES` in all its forms."""

import pytest

from medtui.telemetry.visible_devices import (
    NO_DEVICES,
    Device,
    hides_all,
    select_devices,
    visible_for,
)

MIG_A = Device(2, uuid="MIG-aaaa", is_mig=True, legacy_uuid="MIG-GPU-3333/7/0")
MIG_B = Device(2, uuid="MIG-bbbb", is_mig=True, legacy_uuid="MIG-GPU-3333/8/0")
DEVICES = [
    Device(0, uuid="GPU-1111-aa"),
    Device(1, uuid="GPU-1122-bb"),
    Device(2, uuid="GPU-3333", instances=[MIG_A, MIG_B]),
    Device(3, uuid=None, problem="GPU is lost"),
]


@pytest.mark.parametrize(
    ("visible", "uuids"),
    [
        (None, ["GPU-1111-aa", "GPU-1122-bb", "MIG-aaaa", "MIG-bbbb", None]),
        ("0", ["GPU-1111-aa"]),
        ("1, 0", ["GPU-1122-bb", "GPU-1111-aa"]),
        ("0,0", ["GPU-1111-aa"]),
        ("2", ["MIG-aaaa", "MIG-bbbb"]),
        ("3", [None]),
        ("GPU-112", ["GPU-1122-bb"]),
        ("GPU-11", []),
        ("GPU-9", []),
        ("MIG-bbbb", ["MIG-bbbb"]),
        ("MIG-GPU-3333/8/0", ["MIG-bbbb"]),
        ("MIG-bb,1", ["MIG-bbbb", "GPU-1122-bb"]),
        ("1,-1,0", ["GPU-1122-bb"]),
        ("1,9,0", ["GPU-1122-bb"]),
        ("", []),
        ("-1", []),
        ("none", []),
        ("NoDevFiles", []),
    ],
)
def test_devices_are_selected_as_cuda_does(visible: str | None, uuids: list[str | None]) -> None:
    """Indices, UUID prefixes and MIG names; the first unknown entry ends the list."""
    assert [device.uuid for device in select_devices(visible, DEVICES)] == uuids


@pytest.mark.parametrize(
    ("visible", "is_hidden"),
    [(None, False), ("0", False), ("GPU-1", False), ("MIG-1", False)]
    + [(visible, True) for visible in ("", "-1", "none", "NoDevFiles", "-1,0", " ")],
)
def test_a_list_that_names_nothing_is_known_without_nvml(visible: str, is_hidden: bool) -> None:
    """For a run on the CPU, the driver is not queried."""
    assert hides_all(visible) is is_hidden


@pytest.mark.parametrize(
    ("torch_device", "visible", "entry"),
    [
        ("cuda:1", "4,7", "7"),
        ("cuda", "4,7", "4"),
        ("cuda:1", None, "1"),
        ("cuda:0", "MIG-aaaa", "MIG-aaaa"),
        ("cuda:2", "4,7", NO_DEVICES),
        ("cuda:0", "", NO_DEVICES),
        ("cpu", "4,7", NO_DEVICES),
        ("cpu", None, NO_DEVICES),
    ],
)
def test_a_torch_device_is_found_in_the_list(
    torch_device: str, visible: str | None, entry: str
) -> None:
    """Torch counts within the visible devices."""
    assert visible_for(torch_device, visible) == entry
