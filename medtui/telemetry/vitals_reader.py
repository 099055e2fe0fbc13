"""Reads the load of the machine in a thread, for as long as the application is open."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from medtui.child_process import ChildProcess
from medtui.errors import MedtuiError
from medtui.protocol.gpus import Probe, ProbedGpu, probe_decoder
from medtui.telemetry.vitals import Vitals, labels_of, latest, vitals_of

PERIOD_S = 2.0
"""Between two samples, seconds."""

_DISK_STEP = 2**27
"""Free bytes are rounded down to so many: a running study writes all the time."""

_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/nvhost-gpu")
"""Devices of NVIDIA's driver, of WSL, and of Tegra; without one, no process is started for NVML."""


def has_gpu_driver() -> bool:
    """Return whether a GPU may be here; opens nothing."""
    return any(Path(device).exists() for device in _DRIVERS)


class VitalsReader:
    """The reading thread. It calls `publish` with every sample that differs from the last."""

    def __init__(self, publish: Callable[[Vitals], None], runs_dir: Path = Path()) -> None:
        self._publish = publish
        self._runs_dir = runs_dir
        self._over = threading.Event()
        self._gpus: list[ProbedGpu] = []
        self._percents: dict[str, tuple[int, ...]] = {}
        self._child: ChildProcess[Probe] | None = None

    def start(self) -> None:
        """Start the thread; as a daemon it does not keep the process alive."""
        threading.Thread(target=self._run, name="vitals", daemon=True).start()

    def stop(self) -> None:
        """Stop reading."""
        self._over.set()
        if self._child is not None:
            self._child.kill()

    def _run(self) -> None:
        import psutil  # here, so that the first screen does not wait for it

        if has_gpu_driver():
            threading.Thread(target=self._follow_gpus, name="gpus", daemon=True).start()
        psutil.cpu_percent()  # the first value has no interval to be measured over
        shown: Vitals | None = None
        while not self._over.wait(PERIOD_S):
            memory = psutil.virtual_memory()
            sample = self.take(psutil.cpu_percent(), memory.total - memory.available, memory.total)
            if sample != shown and not self._over.is_set():
                shown = sample
                self._publish(sample)

    def take(self, cpu_percent: float, used_bytes: int, total_bytes: int) -> Vitals:
        """Return the machine's load with what the GPUs said last."""
        gpus, labels = self._gpus, labels_of(self._gpus)
        loads = {"CPU": round(cpu_percent)} | {
            label: each.gpu.gpu_percent for label, each in zip(labels, gpus, strict=True)
        }
        self._percents = {
            label: latest(self._percents, label, load) for label, load in loads.items()
        }
        disk_free, disk_total = _space_at(self._runs_dir)
        gpus_now = tuple(
            vitals_of(each, label, self._percents[label])
            for label, each in zip(labels, gpus, strict=True)
        )
        return Vitals(self._percents["CPU"], used_bytes, total_bytes, gpus_now, os.cpu_count(),
                      disk_free, disk_total)  # fmt: skip

    def _follow_gpus(self) -> None:
        """Take what the program for the GPUs says, until it ends or fails."""
        try:
            with ChildProcess(
                "medtui.telemetry.gpu_watch", probe_decoder, error_prefix="The GPUs were not read"
            ) as child:
                self._child = child
                for probe in child.messages():
                    self._gpus = probe.gpus
                    if self._over.is_set():
                        return
        except MedtuiError:
            self._gpus = []  # a title bar without GPUs; `medtui doctor` says why


def _space_at(folder: Path) -> tuple[int | None, int | None]:
    """Return the free and the whole bytes of a folder's disk, in steps that are worth showing."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return usage.free // _DISK_STEP * _DISK_STEP, usage.total
