"""An NVML session that is opened again after the driver failed."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pynvml

from medtui.protocol.gpus import GpuSample
from medtui.telemetry.backoff import Backoff
from medtui.telemetry.nvml.devices import list_devices
from medtui.telemetry.nvml.errors import NvmlUnavailable, QueryFailed, query
from medtui.telemetry.nvml.queries import read_gpu
from medtui.telemetry.sample import NVML_OK
from medtui.telemetry.visible_devices import Device, select_devices


@dataclass(frozen=True)
class Reading:
    """Values of NVML at one moment."""

    state: str
    """`ok`, or a sentence that explains why there are no GPU values."""
    gpus: list[GpuSample]


class NvmlSession:
    """Reads the GPUs of a run; opens NVML when possible and retries with backoff."""

    def __init__(
        self, visible: str | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Watch the devices of `visible`, a value of `CUDA_VISIBLE_DEVICES`; None watches all."""
        self._visible = visible
        self._backoff = Backoff(clock=clock)
        self._devices: list[Device] = []
        self._state = ""

    def read(self, pids: Collection[int]) -> Reading:
        """Return all values of every GPU; `pids` are the run's processes."""
        if not self._devices and not self._backoff.is_due:
            return Reading(self._state, [])
        try:
            if not self._devices:
                self._open()
            gpus = [read_gpu(device, pids) for device in self._devices]
        except NvmlUnavailable as over:
            self._close(str(over))
            return Reading(self._state, [])
        return Reading(NVML_OK, gpus)

    def _open(self) -> None:
        initialise()
        devices = list_devices()
        if not devices:
            raise NvmlUnavailable("No GPU: the NVIDIA driver lists none.")
        self._devices = select_devices(self._visible, devices)
        if not self._devices:
            raise NvmlUnavailable(
                f"CUDA_VISIBLE_DEVICES={self._visible} selects no GPU of this machine."
            )
        self._backoff.reset()

    def _close(self, state: str) -> None:
        self._devices, self._state = [], state
        self._backoff.fail()
        shut_down()


def initialise() -> None:
    """Initialise NVML.

    Raises:
        NvmlUnavailable: there is no usable driver.
    """
    try:
        query(pynvml.nvmlInit)
    except QueryFailed as error:
        raise NvmlUnavailable(f"NVML could not be initialised: {error}.") from error


def shut_down() -> None:
    """Shut NVML down, in whatever state it is."""
    try:
        pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return
