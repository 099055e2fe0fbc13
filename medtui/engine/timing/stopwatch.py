"""Timing of a function by repeating it for about a second."""

import time
from collections.abc import Callable

import torch

BUDGET_S = 1.0
"""Seconds for which each kind of work is repeated."""

MIN_REPEATS = 2


class Stopwatch:
    """Measures functions that compute on one device with the same number of threads.

    On a CPU it counts CPU seconds. The slow-down by other processes is measured over all functions
    together (`stretch`), because the load of a busy machine changes within seconds: a second of
    elapsed time is a small sample of it.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._elapsed = self._counted = 0.0

    @property
    def stretch(self) -> float:
        """Ratio of the elapsed seconds of all work to its counted seconds; 1 on a GPU.

        Below 1 if several threads compute on an idle machine.
        """
        return self._elapsed / self._counted if self._counted else 1.0

    def seconds_of(self, work: Callable[[], object], budget: float = BUDGET_S) -> float:
        """Return the mean seconds of a call of `work`, after one call that is not counted."""
        work()
        began, count = self.read(), 0
        while count < MIN_REPEATS or self.read()[0] - began[0] < budget:
            work()
            count += 1
        return self.count_since(began) / count

    def read(self) -> tuple[float, float]:
        """Wait for the device; return the elapsed and the counted seconds of the clocks."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
            elapsed = time.perf_counter()
            return elapsed, elapsed
        return time.perf_counter(), time.process_time()

    def count_since(self, began: tuple[float, float]) -> float:
        """Return the counted seconds since a reading, and include the interval in `stretch`."""
        elapsed, counted = (now - then for now, then in zip(self.read(), began, strict=True))
        self._elapsed += elapsed
        self._counted += counted
        return counted
