"""Reads NVML in a thread, so that the sampler continues while NVML hangs."""

import queue
import threading
import time
from collections.abc import Callable, Collection
from typing import Protocol

from medtui.telemetry.nvml.session import NvmlSession, Reading


class GpuReader(Protocol):
    """Reads the state of the GPUs."""

    def read(self, pids: Collection[int]) -> Reading:
        """Return the state of the GPUs; `pids` are the run's processes."""


class NoGpuReader:
    """Reader for runs without a GPU."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """Why there is no GPU, as a sentence."""

    def read(self, pids: Collection[int]) -> Reading:  # noqa: ARG002 - nothing is read
        """Return no GPU and the reason."""
        return Reading(self.reason, [])


class TimedGpuReader:
    """Reads NVML and waits at most `timeout_s` for the result.

    A call into a failing driver may take half a minute, and one into an idle driver a second per
    GPU (`nvmlInit` without persistence mode). The thread is a daemon: it never keeps the process
    alive.
    """

    def __init__(
        self,
        session: NvmlSession,
        *,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._patience_s = timeout_s
        self._clock = clock
        self._asked_at: float | None = None
        self._requests: queue.SimpleQueue[Collection[int]] = queue.SimpleQueue()
        self._readings: queue.SimpleQueue[Reading] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="nvml", daemon=True).start()

    def read(self, pids: Collection[int]) -> Reading:
        """Return NVML's reading, or how long NVML has not answered."""
        self._drop_late_reading()
        if self._asked_at is None:
            self._asked_at = self._clock()
            self._requests.put(pids)
        try:
            reading = self._readings.get(timeout=self._patience_s)
        except queue.Empty:
            waited_s = self._clock() - self._asked_at
            return Reading(f"NVML has not answered for {waited_s:.1f} s.", [])
        self._asked_at = None
        return reading

    def _drop_late_reading(self) -> None:
        if self._asked_at is not None and not self._readings.empty():
            self._readings.get()
            self._asked_at = None

    def _run(self) -> None:
        while True:
            pids = self._requests.get()
            try:
                reading = self._session.read(pids)
            except Exception as error:  # noqa: BLE001 - whatever the bindings raise, sampling continues
                reading = Reading(f"NVML's bindings failed: {error!r}.", [])
            self._readings.put(reading)
