"""Timing of one model at one batch size."""

import math
import time
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.utils.benchmark import Timer

WARM_UP_CALLS = 3
"""Calls before each series; until then another model's weights are in the caches."""

_MAX_CALLS = 10_000


@torch.inference_mode()
def time_calls(
    network: Callable[[Tensor], Tensor], images_NCHW: Tensor, num_calls: int
) -> list[float]:
    """Return the milliseconds of each call; on a GPU by CUDA events, without waiting in between."""
    for _ in range(WARM_UP_CALLS):
        network(images_NCHW)
    if images_NCHW.device.type == "cuda":
        return _time_by_events(network, images_NCHW, num_calls)
    times = []
    for _ in range(num_calls):
        began = time.perf_counter_ns()
        network(images_NCHW)
        times.append((time.perf_counter_ns() - began) / 1e6)
    return times


def _time_by_events(
    network: Callable[[Tensor], Tensor], images_NCHW: Tensor, num_calls: int
) -> list[float]:
    events = [
        torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call] # torch's own
        for _ in range(num_calls + 1)
    ]
    torch.cuda.synchronize(images_NCHW.device)
    events[0].record()
    for event in events[1:]:
        network(images_NCHW)
        event.record()
    torch.cuda.synchronize(images_NCHW.device)
    return [before.elapsed_time(after) for before, after in pairwise(events)]


def measure_throughput(network: nn.Module, images_NCHW: Tensor, seconds: float) -> float:
    """Return images per second over about `seconds` of consecutive calls, by torch's timer."""
    timer = Timer(
        "network(images)",
        "network(images)",
        globals={"network": _inferring(network), "images": images_NCHW},
        num_threads=torch.get_num_threads(),
    )
    once = timer.timeit(1).mean
    num_calls = min(_MAX_CALLS, max(1, math.ceil(seconds / once)))
    return len(images_NCHW) / timer.timeit(num_calls).mean


def run_for(network: nn.Module, images_NCHW: Tensor, seconds: float) -> None:
    """Call the network for `seconds`."""
    call, deadline = _inferring(network), time.monotonic() + seconds
    while time.monotonic() < deadline:
        call(images_NCHW)
        if images_NCHW.device.type == "cuda":
            torch.cuda.synchronize(images_NCHW.device)


def _inferring(network: nn.Module) -> Callable[[Tensor], Tensor]:
    inferring: Callable[[Tensor], Tensor] = torch.inference_mode()(network.forward)
    return inferring
