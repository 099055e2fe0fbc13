"""Measures how often 95 % intervals contain the truth, and how long they are.

Each simulated study draws patients with the sizes of a malaria patient's set of cells (log-normal,
median 81 cells, a third of them used here), their share of positives, and an effect of each patient
on all of its scores; a second network differs by an effect of its own. The truth is the same
simulation of 4,000 patients. Run it as

    python -m benchmarks.interval_coverage --studies 2000

"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from medtui.metrics import Metric, metric_named
from medtui.metrics.draws import Draws, all_patients, draw_patients, without_each_patient
from medtui.metrics.jackknife import Jackknife, effective_number
from medtui.metrics.scores import Floats, Scores

METRICS = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "auroc",
           "average_precision")  # fmt: skip
RESAMPLES = 300
QUANTILES = (0.025, 0.975)

Sampled = Callable[[Draws], Floats]


@dataclass(frozen=True)
class Study:
    """Two networks' answers about the same images."""

    before: Scores
    after: Scores
    patients: Sequence[str]


@dataclass
class Tally:
    """Intervals of one kind."""

    hits: int = 0
    widths: list[float] = field(default_factory=list)

    def add(self, interval: tuple[float, float], truth: float) -> None:
        """Count one interval."""
        low, high = interval
        self.hits += low <= truth <= high
        self.widths.append(high - low)

    @property
    def coverage(self) -> float:
        """Share of the intervals that contain the truth."""
        return self.hits / len(self.widths)

    @property
    def width(self) -> float:
        """Mean length."""
        return float(np.mean(self.widths))


def simulate(num_patients: int, rng: np.random.Generator) -> Study:
    """Draw one study."""
    sizes_P = np.exp(rng.normal(3.3, 0.5, num_patients)).astype(int) + 1
    patient_N = np.repeat(np.arange(num_patients), sizes_P)
    positives_P = rng.beta(1, 1, num_patients)
    labels_N = (rng.random(len(patient_N)) < positives_P[patient_N]).astype(np.int64)
    effect_P, own_P = rng.normal(0, 0.5, num_patients), rng.normal(0, 0.3, num_patients)
    signal_N = (2 * labels_N - 1) * 1.6
    before_N = signal_N + effect_P[patient_N] + rng.normal(0, 1, len(labels_N))
    after_N = signal_N + (0.8 * effect_P + own_P)[patient_N] + rng.normal(0, 1, len(labels_N))
    names = [f"{number:05d}" for number in patient_N]
    return Study(_scores(before_N, labels_N), _scores(after_N, labels_N), names)


def _scores(logits_N: Floats, labels_N: np.ndarray) -> Scores:
    probability_N = 1 / (1 + np.exp(-logits_N))
    answers_N = (probability_N >= 0.5).astype(np.int64)
    return Scores(
        np.stack([1 - labels_N, labels_N], axis=1),
        np.stack([1 - probability_N, probability_N], axis=1),
        np.stack([1 - answers_N, answers_N], axis=1),
        "single",
    )


def _numbers(study: Study, metric: Metric) -> Iterator[tuple[str, Sampled]]:
    resample = metric.resample
    assert resample is not None
    yield "value", lambda draws: resample(study.before, draws)
    yield "change", lambda draws: resample(study.after, draws) - resample(study.before, draws)


def _truth(metrics: Sequence[Metric], rng: np.random.Generator) -> dict[tuple[str, str], float]:
    study = simulate(4000, rng)
    whole = all_patients(study.patients)
    return {
        (metric.name, kind): float(number(whole)[0])
        for metric in metrics
        for kind, number in _numbers(study, metric)
    }


def measure(num_patients: int, num_studies: int, seed: int) -> dict[tuple[str, str, str], Tally]:
    """Return the tallies by metric, kind of number and method."""
    rng = np.random.default_rng(seed)
    metrics = [metric for name in METRICS if (metric := metric_named(name)) is not None]
    truth = _truth(metrics, rng)
    tallies: dict[tuple[str, str, str], Tally] = {}
    for _ in range(num_studies):
        study = simulate(num_patients, rng)
        left_out = list(without_each_patient(study.patients))
        drawn = list(draw_patients(study.patients, resamples=RESAMPLES, seed=0))
        effective, whole = effective_number(study.patients), all_patients(study.patients)
        for metric in metrics:
            for kind, number in _numbers(study, metric):
                value = float(number(whole)[0])
                if not np.isfinite(value):
                    continue
                replicates_B = np.concatenate([number(draws) for draws in left_out])
                found = Jackknife(value, replicates_B, effective)
                of_jackknife = found.interval_of_share() if kind == "value" else found.interval()
                samples_B = np.concatenate([number(draws) for draws in drawn])
                low, high = np.nanquantile(samples_B, QUANTILES)
                expected = truth[metric.name, kind]
                for method, interval in (("jackknife", of_jackknife), ("percentile", (low, high))):
                    key = metric.name, kind, method
                    tallies.setdefault(key, Tally()).add(interval, expected)
    return tallies


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[6, 9, 15, 29, 53, 100])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| patients | metric | number | percentile covers | jackknife covers | width ratio |")
    print("|--:|--|--|--:|--:|--:|")
    for num_patients in arguments.patients:
        tallies = measure(num_patients, arguments.studies, arguments.seed + num_patients)
        for name, kind, method in list(tallies):
            if method == "jackknife":
                ours, theirs = tallies[name, kind, method], tallies[name, kind, "percentile"]
                print(
                    f"| {num_patients} | {name} | {kind} | {theirs.coverage:.1%} | "
                    f"{ours.coverage:.1%} | {ours.width / theirs.width:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
