"""Measures how often classes are called worse: without a loss, and where one class loses 5 points.

`films`: 15 findings at the prevalence of ChestX-ray14, four films a patient, AUROC 0.80 in each
class. `cells`: two classes, patients with the sizes of malaria patients' sets of cells, 92 % of the
answers right. Both networks have patient effects and share most of their errors, as a network and
its compression do. The planted loss is 0.05 in the AUROC of Infiltration, or 5 points in the
sensitivity of one class. Run it as

    python -m benchmarks.verdict_simulation --studies 2000

"""

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from medtui.analysis.pairing import PairedPredictions
from medtui.analysis.subgroup_analysis import changes_of, judged_class
from medtui.analysis.verdicts import judge_together
from medtui.metrics import class_metric
from medtui.metrics.arrays import Floats, Labels
from medtui.metrics.scores import Scores
from medtui.metrics.shortage import MIN_POSITIVES
from medtui.metrics.task import Task

PREVALENCE = (0.538, 0.177, 0.119, 0.103, 0.056, 0.052, 0.047, 0.042, 0.030, 0.025, 0.022, 0.021,
              0.015, 0.013, 0.002)  # fmt: skip
"""Of No Finding, Infiltration, Effusion, ... Hernia among the 112,120 films."""

FILMS_PER_PATIENT = 4
AUROC, SENSITIVITY, LOSS = 0.80, 0.92, 0.05
PATIENT_VARIANCE, SHARED_VARIANCE = 0.2, 0.7
"""Parts of a score's variance: by patient, and shared by both networks beyond that."""

LOSING_CLASS = 1
MARGIN = 0.02
MIN_POSITIVES_PLANTED = 30


@dataclass(frozen=True)
class Setting:
    """One kind of study."""

    name: str
    task: Task
    num_patients: int


def simulate(setting: Setting, rng: np.random.Generator, loss: float) -> PairedPredictions:
    """Draw the answers of two networks about the same images."""
    if setting.task == "multi":
        sizes_P = np.full(setting.num_patients, FILMS_PER_PATIENT)
        patient_N = np.repeat(np.arange(setting.num_patients), sizes_P)
        shape = len(patient_N), len(PREVALENCE)
        own_PK = rng.normal(0, np.sqrt(0.3), (setting.num_patients, len(PREVALENCE)))
        latent_NK = own_PK[patient_N] + rng.normal(0, np.sqrt(0.7), shape)
        labels_NK = (latent_NK < norm.ppf(PREVALENCE)).astype(np.int64)
    else:
        sizes_P = np.exp(rng.normal(3.3, 0.5, setting.num_patients)).astype(int) + 1
        patient_N = np.repeat(np.arange(setting.num_patients), sizes_P)
        positives_P = rng.beta(1, 1, setting.num_patients)
        labels_N = (rng.random(len(patient_N)) < positives_P[patient_N]).astype(np.int64)
        labels_NK = labels_N[:, None]
    noises = _noises(labels_NK.shape, patient_N, setting.num_patients, rng)
    before, after = (
        _scores(setting, labels_NK, noise_NK, lost)
        for noise_NK, lost in zip(noises, (0.0, loss), strict=True)
    )
    people = [f"{number:05d}" for number in patient_N]
    return PairedPredictions([str(row) for row in range(len(people))], people, before, after)


def _noises(
    shape: tuple[int, ...], patient_N: Labels, num_patients: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return both networks' errors, (N, K) of variance 1: by patient, shared, and their own."""
    own = 1 - PATIENT_VARIANCE - SHARED_VARIANCE
    shared_NK = rng.normal(0, np.sqrt(SHARED_VARIANCE), shape)
    found = []
    common_PK = rng.normal(0, np.sqrt(0.8 * PATIENT_VARIANCE), (num_patients, shape[1]))
    for _ in range(2):
        own_PK = rng.normal(0, np.sqrt(0.2 * PATIENT_VARIANCE), (num_patients, shape[1]))
        by_patient_NK = (common_PK + own_PK)[patient_N]
        found.append(by_patient_NK + shared_NK + rng.normal(0, np.sqrt(own), shape))
    return found[0], found[1]


def _scores(setting: Setting, labels_NK: Labels, noise_NK: Floats, loss: float) -> Scores:
    if setting.task == "multi":
        apart_K = np.full(labels_NK.shape[1], norm.ppf(AUROC) * np.sqrt(2))
        apart_K[LOSING_CLASS] = norm.ppf(AUROC - loss) * np.sqrt(2)
        scores_NK = labels_NK * apart_K + noise_NK
        return Scores(labels_NK, scores_NK, (scores_NK > apart_K / 2).astype(np.int64), "multi")
    centre_N = np.where(labels_NK[:, 0] == 1, norm.ppf(SENSITIVITY - loss), -norm.ppf(SENSITIVITY))
    score_N = norm.cdf(centre_N + noise_NK[:, 0])
    answer_N = (score_N >= 0.5).astype(np.int64)
    pairs = [(labels_NK[:, 0], np.int64(1) - labels_NK[:, 0]), (score_N, 1 - score_N)]
    labels, scores = (np.stack([other, one], axis=1) for one, other in pairs)
    return Scores(labels, scores, np.stack([1 - answer_N, answer_N], axis=1), "single")


@dataclass(frozen=True)
class Judged:
    """A study's classes."""

    states: list[str]
    """By the rules of the subgroup analysis."""
    positives: list[int]
    is_planted_below: bool
    """Whether the interval of the losing class is below 0, before Holm's method."""


def judge_study(pair: PairedPredictions) -> Judged:
    """Judge all classes of a study."""
    metric, judged, positives = class_metric(pair.run.task), [], []
    for index in range(pair.run.num_classes):
        alone = PairedPredictions(
            pair.names, pair.patients, pair.reference.of_class(index), pair.run.of_class(index)
        )
        positives.append(int(alone.run.labels_NK.sum()))
        judged.append(judged_class(alone, *changes_of(alone, [metric])))
    planted = judged[LOSING_CLASS].difference
    is_below = planted is not None and planted.high < 0
    return Judged([each.state for each in judge_together(judged, MARGIN)], positives, is_below)


def measure(setting: Setting, num_studies: int, seed: int) -> None:
    """Print a row of Markdown: false and true verdicts `worse`."""
    rng = np.random.default_rng(seed)
    false_alarms, judged = 0, 0
    for _ in range(num_studies):
        states = judge_study(simulate(setting, rng, 0.0)).states
        false_alarms += "worse" in states
        judged += sum(state != "not judged" for state in states)
    found, num_below = Counter[str](), 0
    while found.total() < num_studies:
        study = judge_study(simulate(setting, rng, LOSS))
        if study.positives[LOSING_CLASS] >= MIN_POSITIVES_PLANTED:
            found[study.states[LOSING_CLASS]] += 1
            num_below += study.is_planted_below
    shares = " | ".join(
        f"{found[state] / num_studies:.1%}" for state in ("worse", "not shown", "non-inferior")
    )
    print(
        f"| {setting.name} | {setting.num_patients} | {judged / num_studies:.1f} | "
        f"{false_alarms / num_studies:.1%} | {shares} | "
        f"{num_below / num_studies:.1%} |",
        flush=True,
    )


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[53, 99])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"Classes with fewer than {MIN_POSITIVES} positives are not judged.\n")
    print("| studies | patients | classes judged | any false worse | planted: worse | not shown | "
          "non-inferior | interval below 0 |")  # fmt: skip
    print("|--|--:|--:|--:|--:|--:|--:|--:|")
    tasks: tuple[tuple[str, Task], ...] = (("cells", "single"), ("films", "multi"))
    for name, task in tasks:
        for num_patients in arguments.patients:
            setting = Setting(name, task, num_patients)
            measure(setting, arguments.studies, arguments.seed + num_patients)


if __name__ == "__main__":
    main()
