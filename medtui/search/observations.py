"""Conversion of finished runs to samples: the metric and its error on val, and the objective."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from medtui.errors import EnvironmentProblem
from medtui.metrics import Metric, metric_named, primary_metric
from medtui.metrics.draws import all_patients
from medtui.metrics.interval_method import IntervalMethod
from medtui.metrics.intervals import paired_differences
from medtui.metrics.scores import Scores
from medtui.preset import Cell, SearchSettings
from medtui.runs.bench_record import Spread, read_bench
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.predictions import RunPredictions
from medtui.runs.result import read_result
from medtui.runs.run_digests import predictions_of
from medtui.search.sample import Sample

SPLIT = "val"
"""The only split that a search uses; test is reserved for the final result."""

_WIDTH_QUARTILES = 1.349
"""Distance of a normal distribution's quartiles, in standard deviations."""


@dataclass(frozen=True)
class Observer:
    """Reads finished runs of a study as samples of its searches."""

    study: StudyFolder
    settings: SearchSettings
    method: IntervalMethod
    """How the errors are computed."""
    resamples: int
    """Number of bootstrap samples for each error; with 0, numbers count as exact."""
    seed: int

    @cached_property
    def metric(self) -> Metric:
        """The metric of `search.metric`, by default the primary one of the study's task."""
        if self.settings.metric is None:
            return primary_metric(self._predictions(self.study.reference).task)
        metric = metric_named(self.settings.metric)
        assert metric is not None, "a preset names only metrics of the registry"
        return metric

    @property
    def reference(self) -> float:
        """The metric's value for the dense model.

        Raises:
            EnvironmentProblem: its predictions are missing, or do not define the metric.
        """
        scores, patients = _scores_of(self._predictions(self.study.reference))
        resample = self.metric.resample
        assert resample is not None, "a searchable metric is measured on samples"
        value = float(resample(scores, all_patients(patients))[0])
        if not np.isfinite(value):
            raise EnvironmentProblem(
                f"{self.metric.label} is undefined on val: a class has no image there.",
                hint="Search by another metric (search.metric), or split the data otherwise.",
            )
        return value

    def observe(self, cell: Cell, *, is_free: bool) -> Sample:
        """Return the sample of a finished run.

        The error is that of the paired difference: both models are evaluated on the same images of
        the same patients, so errors that they share cancel.

        Raises:
            EnvironmentProblem: a file of the run or of the reference is missing or damaged.
        """
        run = self.study.run(cell.slug)
        before, patients = _scores_of(self._predictions(self.study.reference))
        after, _ = _scores_of(self._predictions(run))
        found = paired_differences(
            before, after, patients, [self.metric],
            method=self.method, resamples=self.resamples, seed=self.seed,
        )  # fmt: skip
        difference = found.get(self.metric.name)
        if difference is None:
            raise EnvironmentProblem(f"{self.metric.label} is undefined on val in {run.name}.")
        gain, gain_sigma = self._gain(run)
        assert cell.density is not None, "what takes no density is not searched"
        return Sample(
            density=cell.density,
            change=difference.value,
            sigma=difference.standard_error if self.resamples else 0.0,
            is_low_fidelity=cell.is_probe,
            gain=gain,
            gain_sigma=gain_sigma,
            is_free=is_free,
        )

    def _gain(self, run: RunFolder) -> tuple[float | None, float]:
        """Return how many times better than the reference a run is by the objective."""
        result = read_result(run)
        if self.settings.objective == "size":
            return (
                result.size.bytes_dense / max(1, result.size.bytes_packed) if result else None
            ), 0.0
        if self.settings.objective == "macs":
            return (result.size.macs / max(1, result.size.macs_kept) if result else None), 0.0
        mine, dense = read_bench(run), read_bench(self.study.reference)
        if mine is None or dense is None:
            return None, 0.0
        contest = (mine.shrunk or mine).contests[0]
        if self.settings.objective == "latency":
            return _spread(contest.latency_ratio)
        if self.settings.objective == "throughput":
            return _spread(contest.throughput_ratio)
        used, whole = contest.best.peak_memory_bytes, dense.contests[0].best.peak_memory_bytes
        return (whole / used if used and whole else None), 0.0

    def _predictions(self, run: RunFolder) -> RunPredictions:
        return predictions_of(run)


def _scores_of(predictions: RunPredictions) -> tuple[Scores, list[str]]:
    return predictions.scores(SPLIT), predictions.splits[SPLIT].patients


def _spread(spread: Spread) -> tuple[float, float]:
    return spread.median, (spread.high - spread.low) / _WIDTH_QUARTILES
