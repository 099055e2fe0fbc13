"""NVML over time: opened, asked, closed, opened again."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pynvml

from medtui.protocol.gpus import GpuSample
from medtui.telemetry.backoff import Backoff
from medtui.telemetry.nvml.devices import list_devices
from medtui.telemetry.nvml.errors import SessionOver, Unanswered, answer
from medtui.telemetry.nvml.queries import read_gpu
from medtui.telemetry.sample import NVML_OK
from medtui.telemetry.visible_devices import Device, select_devices


@dataclass(frozen=True)
class Reading:
    """All that NVML says at one moment."""

    state: str
    """`ok`, or a sentence on why there are no GPUs."""
    gpus: list[GpuSample]


class NvmlSession:
    """Asks about the GPUs a run may use; opens NVML when it can, again and again if need be."""

    def __init__(
        self, visible: str | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Watch what `visible` names, a value of `CUDA_VISIBLE_DEVICES`; None watches all."""
        self._visible = visible
        self._backoff = Backoff(clock=clock)
        self._devices: list[Device] = []
        self._state = ""

    def read(self, pids: Collection[int]) -> Reading:
        """Ask every GPU everything; `pids` are the processes whose memory is ours."""
        if not self._devices and not self._backoff.is_due:
            return Reading(self._state, [])
        try:
            if not self._devices:
                self._open()
            gpus = [read_gpu(device, pids) for device in self._devices]
        except SessionOver as over:
            self._close(str(over))
            return Reading(self._state, [])
        return Reading(NVML_OK, gpus)

    def _open(self) -> None:
        initialise()
        devices = list_devices()
        if not devices:
            raise SessionOver("No GPU: the NVIDIA driver lists none.")
        self._devices = select_devices(self._visible, devices)
        if not self._devices:
            raise SessionOver(f"No GPU here is named by CUDA_VISIBLE_DEVICES={self._visible}.")
        self._backoff.reset()

    def _close(self, state: str) -> None:
        self._devices, self._state = [], state
        self._backoff.fail()
        shut_down()


def initialise() -> None:
    """Open NVML.

    Raises:
        SessionOver: there is no driver, or it does not talk to us.
    """
    try:
        answer(pynvml.nvmlInit)
    except Unanswered as error:
        raise SessionOver(f"NVML could not be opened: {error}.") from error


def shut_down() -> None:
    """Close NVML, whatever state it is in."""
    try:
        pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return
