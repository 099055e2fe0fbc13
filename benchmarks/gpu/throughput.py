"""How many images a second one run trains on, and several runs beside each other.

`python -m benchmarks.gpu.throughput DEVICE engine [tiny]` prints the part `engine` as JSON. With
seconds in place of `engine` it is one of several runs: it prints `ready`, waits for a line, trains
for so long and prints the images of one second.
"""

import sys
import time
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import torch
from torch import Tensor

from benchmarks.gpu.report import Figure, Part
from benchmarks.gpu.workload import TINY, Size, Workload
from medtui.engine.run.device import choose_device, choose_kernels, configure_torch
from medtui.engine.training.device_metrics import device_scores, measure_on_device
from medtui.metrics.measurement import measure
from medtui.metrics.scores import make_scores

GOAL_ONE_RUN = 100_000
"""Images a second of one run at batch 128 and 32 pixels."""


def measure_engine(device: torch.device, size: Size) -> Part:
    """Measure the parts of an L step, the whole of it, and an evaluation."""
    part = Part("engine")
    work = Workload(device, size, part.notes.append)
    choose_kernels(device, measured=True)  # as a run in fast mode does
    batches, step = work.batches(), work.fast_step()
    for _ in range(size.warm_up):
        step(*next(batches))
    inputs, labels = next(batches)
    whole = work.seconds_of(lambda: step(*next(batches)), size.steps)
    alone = work.seconds_of(lambda: step(inputs, labels), size.steps)
    making = work.seconds_of(lambda: next(batches), size.steps)
    training = _seconds_of_step(work, work.training_step())
    evaluate = work.evaluation()
    evaluate()
    evaluation = work.seconds_of(evaluate, 3)
    choose_kernels(device, measured=False)
    exact = _seconds_of_step(work, work.exact_step())
    is_goal = device.type == "cuda" and size == Size()
    goal = GOAL_ONE_RUN if is_goal else None
    what = f"{size.architecture}, {size.side} px, batch {size.batch}, {work.precision}"
    part.figures += [
        Figure(f"images trained a second, one run: {what}", size.batch / whole, "", goal),
        Figure("an L step with its batch", whole * 1e3, "ms"),
        Figure("an L step on a batch that is there", alone * 1e3, "ms"),
        Figure("a batch, augmented", making * 1e3, "ms"),
        Figure("a step of the reference on a batch that is there", training * 1e3, "ms"),
        Figure("an L step of the exact mode on a batch that is there", exact * 1e3, "ms"),
        Figure("images evaluated a second", size.num_images / evaluation, ""),
        *_metric_figures(work, 2_000 if size == TINY else 25_596),
    ]
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / 2**20
        part.figures.append(Figure("most memory allocated", peak, "MiB"))
    return part


def _seconds_of_step(work: Workload, step: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Return the seconds of a step on one batch, after warm-up."""
    inputs, labels = next(work.batches())
    for _ in range(work.size.warm_up):
        step(inputs, labels)
    return work.seconds_of(lambda: step(inputs, labels), max(1, work.size.steps // 4))


def _metric_figures(work: Workload, count: int) -> Iterator[Figure]:
    """Yield the times of the metrics of films with 14 findings, on the device and on the host."""
    rng = np.random.default_rng(0)
    labels_NK = (rng.random((count, 14)) < 0.06).astype(np.int64)
    logits_NK = (rng.normal(size=labels_NK.shape) + labels_NK).astype(np.float32)
    logits, labels = (torch.from_numpy(each).to(work.device) for each in (logits_NK, labels_NK))

    def by_device() -> object:
        return measure_on_device(device_scores(logits, labels, None, "multi"))

    def by_host() -> object:
        return measure(make_scores(logits_NK, labels_NK, "multi"))

    for where, metrics in (("device", by_device), ("host", by_host)):
        metrics()
        seconds = work.seconds_of(metrics, 3)
        yield Figure(f"metrics of {count:,} x 14 on the {where}", seconds * 1e3, "ms")


def train_for(device: torch.device, size: Size, seconds: float) -> float:
    """Return the images a second of one of several runs, which begin at a line on stdin."""
    work = Workload(device, size, lambda _: None)
    batches, step = work.batches(), work.fast_step()
    for _ in range(size.warm_up):
        step(*next(batches))
    work.wait()
    print("ready", flush=True)
    sys.stdin.readline()
    began, num_steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for _ in range(size.warm_up):
            step(*next(batches))
        work.wait()  # the host runs ahead of a GPU
        num_steps += size.warm_up
    return num_steps * size.batch / (time.perf_counter() - began)


def main(device_name: str, what: str, tiny: str = "") -> None:
    """Measure the engine, or train for some seconds as one of several runs."""
    device, size = choose_device(device_name), TINY if tiny else Size()
    configure_torch(device, 1)
    if what == "engine":
        print(msgspec.json.encode(measure_engine(device, size)).decode())
        return
    choose_kernels(device, measured=True)
    print(train_for(device, size, float(what)))


if __name__ == "__main__":
    main(*sys.argv[1:])
