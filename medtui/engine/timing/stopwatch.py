"""Timing of a function by repeating it for about a second."""

import time
from collections.abc import Callable

import torch

BUDGET_S = 1.0
"""Seconds for which each kind of work is repeated."""

MIN_REPEATS = 2


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """Return the mean seconds of a call of `work`, after one call that is not counted."""
    work()
    _wait_for(device)
    began, count = time.perf_counter(), 0
    while count < MIN_REPEATS or time.perf_counter() - began < BUDGET_S:
        work()
        _wait_for(device)
        count += 1
    return (time.perf_counter() - began) / count


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
