"""Measures how often 95 % intervals over seeds and patients contain the truth.

Each simulated study has patients as in `interval_coverage.py` and several seeds. A seed moves how
well a network separates the classes (`SEED_SPREADS`), how it scores each patient, and part of the
noise of each image. A second network of the same seed differs by effects of its own: the change
between both is what a group of runs shows against its controls. The truth is the mean over 400
seeds of 400 patients each. The nested bootstrap draws seeds and patients with replacement and takes
quantiles. Run it as

    python -m benchmarks.seed_coverage --studies 500 --metrics accuracy

"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.interval_coverage import QUANTILES, RESAMPLES, Tally, scores_of
from medtui.metrics import Metric, metric_named
from medtui.metrics.arrays import Floats
from medtui.metrics.draws import all_patients, draw_patients
from medtui.metrics.intervals import Sampled, change_of, on_samples
from medtui.metrics.jackknife import Jackknife
from medtui.metrics.nested import nested_of
from medtui.metrics.scores import Scores

SEED_SPREADS = {"none": 0.0, "moderate": 0.1, "large": 0.3}
"""Standard deviation between seeds of the distance that separates the classes, 1.6 in the mean."""

_PATIENT, _PATIENT_OF_SEED, _SHARED_NOISE = 0.5, 0.2, 0.7
_TRUE_SEEDS, _TRUE_PATIENTS = 400, 400


@dataclass(frozen=True)
class Study:
    """Answers of two networks for each seed about the same images."""

    pairs: Sequence[tuple[Scores, Scores]]
    patients: Sequence[str]


def simulate(num_patients: int, shifts_S2: Floats, rng: np.random.Generator) -> Study:
    """Draw one study; the shifts are those of each seed's two networks."""
    sizes_P = np.exp(rng.normal(3.3, 0.5, num_patients)).astype(int) + 1
    patient_N = np.repeat(np.arange(num_patients), sizes_P)
    positives_P = rng.beta(1, 1, num_patients)
    labels_N = (rng.random(len(patient_N)) < positives_P[patient_N]).astype(np.int64)
    common_N = rng.normal(0, _PATIENT, num_patients)[patient_N]
    common_N = common_N + rng.normal(0, _SHARED_NOISE**0.5, len(labels_N))
    pairs = []
    for shift_2 in shifts_S2:
        before, after = (
            _scores(labels_N, common_N, patient_N, num_patients, shift, rng) for shift in shift_2
        )
        pairs.append((before, after))
    return Study(pairs, [f"{number:05d}" for number in patient_N])


def _scores(
    labels_N: np.ndarray, common_N: Floats, patient_N: np.ndarray, num_patients: int,
    shift: float, rng: np.random.Generator,
) -> Scores:  # fmt: skip
    own_P = rng.normal(0, _PATIENT_OF_SEED, num_patients)
    noise_N = rng.normal(0, (1 - _SHARED_NOISE) ** 0.5, len(labels_N))
    logits_N = (2 * labels_N - 1) * (1.6 + shift) + common_N + own_P[patient_N] + noise_N
    return scores_of(logits_N, labels_N)


def _shifts(num_seeds: int, spread: float, rng: np.random.Generator) -> Floats:
    """Draw the shifts of both networks of each seed, (S, 2); half of the variance is shared."""
    shared_S1 = rng.normal(0, spread * 0.5**0.5, (num_seeds, 1))
    return shared_S1 + rng.normal(0, spread * 0.5**0.5, (num_seeds, 2))


def _numbers(study: Study, metric: Metric) -> dict[str, list[Sampled]]:
    befores = [on_samples(before, metric) for before, _ in study.pairs]
    afters = [on_samples(after, metric) for _, after in study.pairs]
    changes = [change_of(before, after) for before, after in zip(befores, afters, strict=True)]
    return {"value": befores, "change": changes}


def _truth(metrics: Sequence[Metric], spread: float, rng: np.random.Generator) -> dict[str, float]:
    half_S2 = _shifts(_TRUE_SEEDS // 2, spread, rng)
    found: dict[str, list[float]] = {}
    for shift_2 in np.concatenate([half_S2, -half_S2]):  # pairs cancel most of the seeds' noise
        study = simulate(_TRUE_PATIENTS, shift_2[None], rng)
        whole = all_patients(study.patients)
        for metric in metrics:
            for kind, forms in _numbers(study, metric).items():
                found.setdefault(f"{metric.name} {kind}", []).append(float(forms[0](whole)[0]))
    return {name: float(np.mean(each)) for name, each in found.items()}


def _bootstrap(
    forms: Sequence[Sampled], patients: Sequence[str], rng: np.random.Generator
) -> tuple[float, float]:
    drawn = list(draw_patients(patients, resamples=RESAMPLES, seed=int(rng.integers(2**31))))
    values_SB = np.stack([np.concatenate([form(each) for each in drawn]) for form in forms])
    seeds_SB = rng.integers(len(forms), size=values_SB.shape)
    low, high = np.nanquantile(np.take_along_axis(values_SB, seeds_SB, 0).mean(axis=0), QUANTILES)
    return float(low), float(high)


def measure(
    metrics: Sequence[Metric],
    num_patients: int,
    num_seeds: int,
    spread: float,
    num_studies: int,
    truth: dict[str, float],
    rng: np.random.Generator,
) -> dict[tuple[str, str], Tally]:
    """Return the tallies by number and method."""
    tallies: dict[tuple[str, str], Tally] = {}
    for _ in range(num_studies):
        study = simulate(num_patients, _shifts(num_seeds, spread, rng), rng)
        for metric in metrics:
            for kind, forms in _numbers(study, metric).items():
                found = nested_of([[form] for form in forms], study.patients)
                if found is None:
                    continue
                alone = Jackknife(
                    found.value, found.replicates_SB.mean(axis=0), found.num_effective
                )
                is_value = kind == "value"
                intervals = {
                    "seeds and patients": (
                        found.interval_of_share() if is_value else found.interval()
                    ),
                    "patients alone": alone.interval_of_share() if is_value else alone.interval(),
                    "nested bootstrap": _bootstrap(forms, study.patients, rng),
                }
                name = f"{metric.name} {kind}"
                for method, interval in intervals.items():
                    tallies.setdefault((name, method), Tally()).add(interval, truth[name])
    return tallies


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[12, 29])
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 5])
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--metrics", nargs="+", default=["accuracy", "auroc"])
    parser.add_argument("--spreads", nargs="+", default=list(SEED_SPREADS))
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    metrics = [found for name in arguments.metrics if (found := metric_named(name)) is not None]
    print("| spread of seeds | seeds | patients | number | covers | patients alone | "
          "nested bootstrap | width ratio |")  # fmt: skip
    print("|--|--:|--:|--|--:|--:|--:|--:|")
    for word in arguments.spreads:
        spread = SEED_SPREADS[word]
        truth = _truth(metrics, spread, rng)
        for num_seeds, num_patients in product(arguments.seeds, arguments.patients):
            tallies = measure(
                metrics, num_patients, num_seeds, spread, arguments.studies, truth, rng
            )
            _print_rows(f"| {word} | {num_seeds} | {num_patients}", tallies)


def _print_rows(setting: str, tallies: dict[tuple[str, str], Tally]) -> None:
    for name in dict.fromkeys(name for name, _ in tallies):
        ours, alone, drawn = (
            tallies[name, method]
            for method in ("seeds and patients", "patients alone", "nested bootstrap")
        )
        print(
            f"{setting} | {name} | {ours.coverage:.1%} | {alone.coverage:.1%} | "
            f"{drawn.coverage:.1%} | {ours.width / drawn.width:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
