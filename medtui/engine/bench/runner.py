"""Interleaved timing of models in one precision: latency at batch 1, then a batch-size sweep.

Each round times every model once, and each round starts with another model. So slow drift of the
machine (temperature, other users) affects all models equally, and a ratio to the reference is taken
within a round before the median over rounds.
"""

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
"""Share of a model's best throughput below which it counts as falling; above it may be noise."""

Report = Callable[[str], None]


@dataclass
class Candidate:
    """One model in one precision, and its measurements."""

    network: nn.Module
    calls_ms: list[list[float]] = field(default_factory=list)
    """Duration of each call at batch 1, one list per round."""
    sweep: list[Throughput] = field(default_factory=list)
    rounds: dict[int, list[float]] = field(default_factory=dict)
    """Images per second in each round, by batch size."""

    @property
    def latency(self) -> Latency:
        """Percentiles over the calls of all rounds."""
        calls = np.concatenate(self.calls_ms)
        p50, p95, p99 = (float(value) for value in np.percentile(calls, (50, 95, 99)))
        return Latency(p50, p95, p99, len(calls))

    @property
    def best_rounds(self) -> list[float]:
        """Images per second in each round, at the best batch size."""
        return max(self.rounds.values(), key=median)

    @property
    def has_fallen(self) -> bool:
        """Whether the latest batch size had a lower throughput than an earlier one."""
        medians = [median(rates) for rates in self.rounds.values()]
        return medians[-1] < FALLEN * max(medians)


class Benchmark:
    """Timing of candidates on one device; the first candidate is the reference."""

    def __init__(
        self, candidates: Sequence[Candidate], batch_of: Callable[[int], Tensor],
        settings: BenchSettings, report: Report,
    ) -> None:  # fmt: skip
        self.candidates = list(candidates)
        self._batch_of = batch_of
        self._settings = settings
        self._report = report

    def time_latency(self) -> None:
        """Measure all candidates at batch 1."""
        settings = self._settings
        images = self._batch_of(1)
        per_round = -(-settings.calls // settings.rounds)
        for number in range(settings.rounds):
            self._report(f"latency, round {number + 1} of {settings.rounds}")
            for candidate in self._in_turn(number):
                candidate.calls_ms.append(time_calls(candidate.network, images, per_round))

    def sweep(self) -> str:
        """Double the batch size until all throughputs fall or memory is full; return the reason."""
        size = 1
        while True:
            self._report(f"batch {size}")
            try:
                self._measure_batch(size)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                return "memory ended"
            if all(candidate.has_fallen for candidate in self.candidates):
                return "throughput fell"
            if not self._next_fits():
                return "memory ended"
            size *= 2
            if size > self._settings.max_batch:
                return "largest batch"

    def latency_ratio(self, candidate: Candidate) -> Spread:
        """Return the ratio of the reference's time to the candidate's, over rounds."""
        reference = self.candidates[0].calls_ms
        pairs = zip(reference, candidate.calls_ms, strict=True)
        return spread_of([median(theirs) / median(own) for theirs, own in pairs])

    def throughput_ratio(self, candidate: Candidate) -> Spread:
        """Return the ratio of the candidate's rate to the reference's, at their best batches."""
        pairs = zip(self.candidates[0].best_rounds, candidate.best_rounds, strict=True)
        return spread_of([own / theirs for theirs, own in pairs])

    def _measure_batch(self, size: int) -> None:
        images = self._batch_of(size)
        peaks = [peak_memory(candidate.network, images) for candidate in self.candidates]
        rates: list[list[float]] = [[] for _ in self.candidates]
        for number in range(self._settings.rounds):
            for candidate in self._in_turn(number):
                rate = measure_throughput(candidate.network, images, self._settings.seconds)
                rates[self.candidates.index(candidate)].append(rate)
        for candidate, peak, own in zip(self.candidates, peaks, rates, strict=True):
            candidate.rounds[size] = own
            candidate.sweep.append(Throughput(size, spread_of(own), peak))

    def _in_turn(self, number: int) -> list[Candidate]:
        """Return all candidates, beginning with a different one each round."""
        first = number % len(self.candidates)
        return self.candidates[first:] + self.candidates[:first]

    def _next_fits(self) -> bool:
        device = next(self.candidates[0].network.parameters()).device
        latest = [candidate.sweep[-1].peak_memory_bytes for candidate in self.candidates]
        return all(would_fit(peak, device) for peak in latest)
