"""How long a file takes for one image and for a batch, in turns with the dense reference."""

from statistics import median

import torch

from medtui.engine.bench.timing import time_calls
from medtui.engine.export.loaded_run import BATCH, Subject
from medtui.engine.export.runtime import Answer
from medtui.runs.bench_record import spread_of
from medtui.runs.exports import Timing

ROUNDS = 5

REFERENCE = "dense reference, PyTorch"
"""The run's study's own, in float32 without a compiler: what 1 stands for."""

_MOST_CALLS, _LEAST_CALLS = 20, 3
_ROUND_MS = 300
"""Timed calls in a round: as many as fit, within these bounds."""


def take_turns(subject: Subject, answers: dict[str, Answer]) -> list[Timing]:
    """Time the dense reference and all others on real images, in another order each round."""
    contenders: dict[str, Answer] = {REFERENCE: subject.dense, **answers}
    images_NCHW, _ = next(iter(subject.probes["val"].batches))
    repeated = images_NCHW.repeat(-(-BATCH // len(images_NCHW)), 1, 1, 1)
    return [
        timing for size in (1, BATCH) for timing in _time(contenders, repeated[:size].contiguous())
    ]


def _calls_of(answer: Answer, images_NCHW: torch.Tensor) -> int:
    (once_ms,) = time_calls(answer, images_NCHW, 1)
    return min(_MOST_CALLS, max(_LEAST_CALLS, int(_ROUND_MS / once_ms)))


def _time(contenders: dict[str, Answer], images_NCHW: torch.Tensor) -> list[Timing]:
    rounds: dict[str, list[list[float]]] = {name: [] for name in contenders}
    names = list(contenders)
    num_calls = {name: _calls_of(contenders[name], images_NCHW) for name in names}
    for number in range(ROUNDS):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            rounds[name].append(time_calls(contenders[name], images_NCHW, num_calls[name]))
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
