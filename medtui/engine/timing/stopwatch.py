"""Measures how long a piece of work takes, again and again for a second."""

import time
from collections.abc import Callable

import torch

BUDGET_S = 1.0
"""How long each kind of work is measured, seconds."""

MIN_REPEATS = 2


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """Return the mean duration of `work`; a first time warms up and does not count."""
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
