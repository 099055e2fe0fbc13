"""One precision: all models take turns at batch 1, then over a sweep of batch sizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from medtui.engine.bench.memory import peak_memory, would_fit
from medtui.engine.bench.timing import measure_throughput, time_calls
from medtui.preset import BenchSettings
from medtui.runs.bench_record import Latency, Spread, Throughput, spread_of

FALLEN = 0.95
"""Share of its best throughput below which a model's has fallen; above it may be noise."""

Tell = Callable[[str], None]


@dataclass
class Contender:
    """One model in one precision, and what was measured of it."""

    network: nn.Module
    calls_ms: list[list[float]] = field(default_factory=list)
    """Each call's duration, round by round."""
    sweep: list[Throughput] = field(default_factory=list)
    rounds: dict[int, list[float]] = field(default_factory=dict)
    """Batch size to images a second, round by round."""

    @property
    def latency(self) -> Latency:
        """Percentiles over the calls of all rounds."""
        calls = np.concatenate(self.calls_ms)
        p50, p95, p99 = (float(value) for value in np.percentile(calls, (50, 95, 99)))
        return Latency(p50, p95, p99, len(calls))

    @property
    def best_rounds(self) -> list[float]:
        """Images a second in its best batch, round by round."""
        return max(self.rounds.values(), key=median)

    @property
    def has_fallen(self) -> bool:
        """Whether the latest batch size gave less than an earlier one."""
        medians = [median(rates) for rates in self.rounds.values()]
        return medians[-1] < FALLEN * max(medians)


class Race:
    """Contenders on one device; the first is the reference."""

    def __init__(
        self, contenders: Sequence[Contender], batch_of: Callable[[int], Tensor],
        settings: BenchSettings, tell: Tell,
    ) -> None:  # fmt: skip
        self.contenders = list(contenders)
        self._batch_of = batch_of
        self._settings = settings
        self._tell = tell

    def time_latency(self) -> None:
        """Time single images, in rounds."""
        settings = self._settings
        images = self._batch_of(1)
        per_round = -(-settings.calls // settings.rounds)
        for number in range(settings.rounds):
            self._tell(f"latency, round {number + 1} of {settings.rounds}")
            for contender in self._in_turn(number):
                contender.calls_ms.append(time_calls(contender.network, images, per_round))

    def sweep(self) -> str:
        """Double the batch until every model's throughput fell or memory ends; say which."""
        size = 1
        while True:
            self._tell(f"batch {size}")
            try:
                self._measure_batch(size)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                return "memory ended"
            if all(contender.has_fallen for contender in self.contenders):
                return "throughput fell"
            if not self._next_fits():
                return "memory ended"
            size *= 2
            if size > self._settings.max_batch:
                return "largest batch"

    def latency_ratio(self, contender: Contender) -> Spread:
        """Return the reference's time over the contender's, round by round."""
        reference = self.contenders[0].calls_ms
        pairs = zip(reference, contender.calls_ms, strict=True)
        return spread_of([median(theirs) / median(own) for theirs, own in pairs])

    def throughput_ratio(self, contender: Contender) -> Spread:
        """Return the contender's rate over the reference's, each in its best batch."""
        pairs = zip(self.contenders[0].best_rounds, contender.best_rounds, strict=True)
        return spread_of([own / theirs for theirs, own in pairs])

    def _measure_batch(self, size: int) -> None:
        images = self._batch_of(size)
        peaks = [peak_memory(contender.network, images) for contender in self.contenders]
        rates: list[list[float]] = [[] for _ in self.contenders]
        for number in range(self._settings.rounds):
            for contender in self._in_turn(number):
                rate = measure_throughput(contender.network, images, self._settings.seconds)
                rates[self.contenders.index(contender)].append(rate)
        for contender, peak, own in zip(self.contenders, peaks, rates, strict=True):
            contender.rounds[size] = own
            contender.sweep.append(Throughput(size, spread_of(own), peak))

    def _in_turn(self, number: int) -> list[Contender]:
        """Return all contenders, beginning with another one each round."""
        first = number % len(self.contenders)
        return self.contenders[first:] + self.contenders[:first]

    def _next_fits(self) -> bool:
        device = next(self.contenders[0].network.parameters()).device
        latest = [contender.sweep[-1].peak_memory_bytes for contender in self.contenders]
        return all(would_fit(peak, device) for peak in latest)
