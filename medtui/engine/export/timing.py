"""Timing of an exported file for one image and for a batch, interleaved with the reference."""

from statistics import median

import torch

from medtui.engine.bench.timing import time_calls
from medtui.engine.export.loaded_run import BATCH, LoadedRun
from medtui.engine.export.runtime import Forward
from medtui.runs.bench_record import spread_of
from medtui.runs.exports import Timing

NUM_ROUNDS = 5

REFERENCE = "dense reference, PyTorch"
"""The study's reference in float32, not compiled; speed-ups are relative to it."""

_MAX_CALLS, _MIN_CALLS = 20, 3
_ROUND_MS = 300
"""Milliseconds of a round, which determine the number of calls within the bounds above."""


def time_runtimes(loaded: LoadedRun, runtimes: dict[str, Forward]) -> list[Timing]:
    """Return timings of the dense reference and `runtimes`, in a different order each round."""
    candidates: dict[str, Forward] = {REFERENCE: loaded.dense, **runtimes}
    images_NCHW, _ = next(iter(loaded.subsets["val"].batches))
    repeated = images_NCHW.repeat(-(-BATCH // len(images_NCHW)), 1, 1, 1)
    return [
        timing for size in (1, BATCH) for timing in _time(candidates, repeated[:size].contiguous())
    ]


def _num_calls(forward: Forward, images_NCHW: torch.Tensor) -> int:
    (once_ms,) = time_calls(forward, images_NCHW, 1)
    return min(_MAX_CALLS, max(_MIN_CALLS, int(_ROUND_MS / once_ms)))


def _time(candidates: dict[str, Forward], images_NCHW: torch.Tensor) -> list[Timing]:
    rounds: dict[str, list[list[float]]] = {name: [] for name in candidates}
    names = list(candidates)
    num_calls = {name: _num_calls(candidates[name], images_NCHW) for name in names}
    for number in range(NUM_ROUNDS):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            rounds[name].append(time_calls(candidates[name], images_NCHW, num_calls[name]))
    reference = rounds[REFERENCE]
    return [
        Timing(
            name,
            len(images_NCHW),
            median([duration for calls in own for duration in calls]),
            spread_of([
                median(theirs) / median(calls)
                for theirs, calls in zip(reference, own, strict=True)
            ]),
        )
        for name, own in rounds.items()
    ]  # fmt: skip
