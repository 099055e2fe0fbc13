"""Measures how often 95 % intervals contain the truth, and how long they are.

`cells`: each simulated study draws patients with the sizes of a malaria patient's set of cells
(log-normal, median 81 cells, a third of them used here), their share of positives, and an effect of
each patient on all of its scores; a second network differs by an effect of its own. `films`: five
classes that occur in 50 to 8 % of the films, about four films a patient (log-normal), patient
effects on labels and scores, AUROC 0.80, and thresholds that answer each class as often as it
occurs. A number counts in studies where each class that it is about has at least ten positives, as
medtui shows it. `--classes` measures the two rarest classes by themselves. The truth is the same
simulation of 4,000 patients. Run it as

    python -m benchmarks.interval_coverage --studies 2000
    python -m benchmarks.interval_coverage --films --studies 2000
    python -m benchmarks.interval_coverage --films --classes --studies 2000

"""

import argparse
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from scipy.stats import norm

from medtui.metrics import Metric, metric_named
from medtui.metrics.arrays import Floats
from medtui.metrics.draws import Draws, all_patients, draw_patients, without_each_patient
from medtui.metrics.jackknife import Jackknife, effective_number
from medtui.metrics.recalibration import recalibrate_samples
from medtui.metrics.scores import Scores
from medtui.metrics.shortage import MIN_POSITIVES
from medtui.metrics.support import number_behind

METRICS = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "auroc",
           "average_precision", "f1", "brier_score", "exact_match", "top_1")  # fmt: skip
RECALIBRATION = ("slope", "intercept")
PREVALENCE = np.array([0.50, 0.30, 0.20, 0.12, 0.08])
FILMS_PER_PATIENT = 4
APART = 1.19
"""Distance of positives and negatives in standard deviations: AUROC 0.80."""

RESAMPLES = 300
PERCENTILE_EVERY = 4
"""Percentile intervals are computed in each fourth study; they cost most of the time."""

QUANTILES = (0.025, 0.975)

Sampled = Callable[[Draws], Floats]
Draw = Callable[[int, np.random.Generator], "Study"]


@dataclass(frozen=True)
class Study:
    """Two networks' answers about the same images."""

    before: Scores
    after: Scores
    patients: Sequence[str]


@dataclass(frozen=True)
class Number:
    """One of the numbers whose intervals are measured."""

    name: str
    kind: Literal["value", "change", "fit"]
    """A value between 0 and 1, a change, or a fit."""
    of_samples: Sampled
    needs: tuple[int, ...] = ()
    """Classes without which, or with few images of which, it is not shown."""
    num_behind: float | None = None
    """Effective number of patients that it rests on; None takes all."""

    @property
    def key(self) -> tuple[str, str]:
        """What rows are told apart by."""
        return self.name, self.kind


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


def simulate_films(num_patients: int, rng: np.random.Generator) -> Study:
    """Draw one study of several labels a film."""
    sizes_P = np.maximum(1, np.exp(rng.normal(1.2, 0.6, num_patients))).astype(int)
    patient_N = np.repeat(np.arange(num_patients), sizes_P)
    shape = len(patient_N), len(PREVALENCE)
    own_PK = rng.normal(0, np.sqrt(0.3), (num_patients, shape[1]))
    latent_NK = own_PK[patient_N] + rng.normal(0, np.sqrt(0.7), shape)
    labels_NK = (latent_NK < norm.ppf(PREVALENCE)).astype(np.int64)
    common_PK = rng.normal(0, np.sqrt(0.15), (num_patients, shape[1]))
    shared_NK = rng.normal(0, np.sqrt(0.6), shape)
    found = []
    for _ in range(2):
        own_PK = rng.normal(0, np.sqrt(0.05), (num_patients, shape[1]))
        noise_NK = (common_PK + own_PK)[patient_N] + shared_NK
        noise_NK += rng.normal(0, np.sqrt(0.2), shape)
        logits_NK = APART * (APART * labels_NK + noise_NK) - APART**2 / 2
        logits_NK += np.log(PREVALENCE / (1 - PREVALENCE))
        scores_NK = 1 / (1 + np.exp(-logits_NK))
        found.append(Scores(labels_NK, scores_NK, (scores_NK >= _LIMITS).astype(int), "multi"))
    return Study(found[0], found[1], [f"{number:05d}" for number in patient_N])


def _limits() -> Floats:
    """Return the probability that a share `PREVALENCE` of a class's films exceeds."""
    grid = np.linspace(-8, 8, 100_001)
    exceeds = PREVALENCE * norm.sf(grid[:, None] - APART) + (1 - PREVALENCE) * norm.sf(
        grid[:, None]
    )
    marks_K = grid[np.abs(exceeds - PREVALENCE).argmin(axis=0)]
    logits_K = APART * marks_K - APART**2 / 2 + np.log(PREVALENCE / (1 - PREVALENCE))
    limits: Floats = 1 / (1 + np.exp(-logits_K))
    return limits


_LIMITS = _limits()


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
    return Study(scores_of(before_N, labels_N), scores_of(after_N, labels_N), names)


def scores_of(logits_N: Floats, labels_N: np.ndarray) -> Scores:
    """Return two classes' scores by the log odds of the second."""
    probability_N = 1 / (1 + np.exp(-logits_N))
    answers_N = (probability_N >= 0.5).astype(np.int64)
    return Scores(
        np.stack([1 - labels_N, labels_N], axis=1),
        np.stack([1 - probability_N, probability_N], axis=1),
        np.stack([1 - answers_N, answers_N], axis=1),
        "single",
    )


def _numbers(study: Study, only: Collection[str]) -> Iterator[Number]:
    """Yield the numbers over all classes, and the fits of the last two."""
    scores, task = study.before, study.before.task
    every = tuple(scores.judged) if task == "multi" else ()
    for metric in map(metric_named, METRICS):
        assert metric is not None
        if task in metric.tasks and (not only or metric.name in only):
            needs = every if metric.is_class_mean else ()
            yield from _value_and_change(study, metric, metric.name, needs)
    for index in scores.judged[-2:]:
        for name in RECALIBRATION if not only or set(RECALIBRATION) <= set(only) else ():
            label = f"{name}, {PREVALENCE[index]:.0%}" if task == "multi" else name
            sampled = partial(_recalibrated, scores.of_class(index), name)
            yield Number(label, "fit", sampled, every)


def _numbers_of_classes(study: Study, only: Collection[str]) -> Iterator[Number]:
    """Yield the numbers of each of the last two classes against the rest."""
    for index in study.before.judged[-2:]:
        before, after = (each.of_class(index) for each in (study.before, study.after))
        alone = Study(before, after, study.patients)
        for metric in map(metric_named, METRICS):
            assert metric is not None
            if metric.is_per_class and (not only or metric.name in only):
                label = f"{metric.name}, {PREVALENCE[index]:.0%}"
                needs = () if metric.rests_on == "images" else (index,)
                yield from _value_and_change(alone, metric, label, needs)


def _value_and_change(
    study: Study, metric: Metric, label: str, needs: tuple[int, ...]
) -> Iterator[Number]:
    resample = metric.resample
    assert resample is not None
    behind = number_behind(metric, study.before, study.patients)
    yield Number(label, "value", partial(resample, study.before), needs, behind)
    yield Number(label, "change", partial(_change, study, resample), needs, behind)


def _change(study: Study, resample: Callable[[Scores, Draws], Floats], draws: Draws) -> Floats:
    return resample(study.after, draws) - resample(study.before, draws)


def _recalibrated(alone: Scores, name: str, draws: Draws) -> Floats:
    found: Floats = getattr(recalibrate_samples(alone, draws), name)
    return found


def _is_shown(number: Number, study: Study, min_positives: int) -> bool:
    """Return whether each class that a number is about has positives enough."""
    positives_K = study.before.labels_NK.sum(axis=0)
    return all(positives_K[index] >= min_positives for index in number.needs)


def measure(
    draw: Draw,
    numbers_of: Callable[[Study], Iterator[Number]],
    num_patients: int,
    num_studies: int,
    seed: int,
    min_positives: int,
) -> dict[tuple[str, str, str], Tally]:
    """Return the tallies by metric, kind of number and method."""
    rng = np.random.default_rng(seed)
    everyone = draw(4000, rng)
    of_everyone = all_patients(everyone.patients)
    truth = {
        number.key: float(number.of_samples(of_everyone)[0]) for number in numbers_of(everyone)
    }
    tallies: dict[tuple[str, str, str], Tally] = {}
    for at in range(num_studies):
        study = draw(num_patients, rng)
        left_out = list(without_each_patient(study.patients))
        drawn = list(draw_patients(study.patients, resamples=RESAMPLES, seed=0))
        effective, whole = effective_number(study.patients), all_patients(study.patients)
        for number in numbers_of(study):
            value = float(number.of_samples(whole)[0])
            if not np.isfinite(value) or not _is_shown(number, study, min_positives):
                continue
            replicates_B = np.concatenate([number.of_samples(draws) for draws in left_out])
            found = Jackknife(value, replicates_B, effective, number.num_behind)
            interval = found.interval_of_share() if number.kind == "value" else found.interval()
            key = *number.key, "jackknife"
            tallies.setdefault(key, Tally()).add(interval, truth[number.key])
            if at % PERCENTILE_EVERY == 0:
                samples_B = np.concatenate([number.of_samples(draws) for draws in drawn])
                low, high = np.nanquantile(samples_B, QUANTILES)
                key = *number.key, "percentile"
                tallies.setdefault(key, Tally()).add((low, high), truth[number.key])
    return tallies


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[6, 9, 15, 29, 53, 100])
    parser.add_argument("--films", action="store_true")
    parser.add_argument("--classes", action="store_true", help="with --films: single classes")
    parser.add_argument("--min-positives", type=int, default=MIN_POSITIVES)
    parser.add_argument("--only", nargs="+", default=(), metavar="METRIC")
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| patients | studies | metric | number | percentile covers | jackknife covers | "
          "width ratio |")  # fmt: skip
    print("|--:|--:|--|--|--:|--:|--:|")
    draw = simulate_films if arguments.films else simulate
    numbers = _numbers_of_classes if arguments.classes else _numbers
    numbers_of = partial(numbers, only=arguments.only)
    for num_patients in arguments.patients:
        seed = arguments.seed + num_patients
        tallies = measure(draw, numbers_of, num_patients, arguments.studies, seed,
                          arguments.min_positives)  # fmt: skip
        for name, kind, method in list(tallies):
            if method == "jackknife" and (name, kind, "percentile") in tallies:
                ours, theirs = tallies[name, kind, method], tallies[name, kind, "percentile"]
                print(
                    f"| {num_patients} | {len(ours.widths):,} | {name} | {kind} | "
                    f"{theirs.coverage:.1%} | {ours.coverage:.1%} | "
                    f"{ours.width / theirs.width:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
