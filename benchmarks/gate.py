"""Measures how often the gate passes and fails, rightly and wrongly, on simulated pairs of models.

Each study has patients with the sizes of malaria patients' sets of cells, half of them women, and
two models that answer about all of their images: the baseline is right with a chance of 92 % (its
AUROC is 0.92), the other one loses what the row says. Both have effects of the patient, of which a
fifth is their own, and share most of their other errors, as a network and its compression do. The
losses are exact: they are put into the chance of each answer. An image has one label, or four of
their own: 10 to 50 % of the images have each of them, and its AUROC is as above. Run it as

    python -m benchmarks.gate --studies 2000 --patients 30

"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import norm

from medtui.analysis.non_inferiority import (
    ONE_SIDED_ERROR,
    Claim,
    Decision,
    JudgedClaim,
    decide,
    judge_claims,
)
from medtui.analysis.pairing import PairedPredictions
from medtui.metrics import Metric, metric_named
from medtui.metrics.arrays import Floats, Labels
from medtui.metrics.scores import Scores

RIGHT = 0.92
"""Accuracy, or AUROC, of the baseline."""

PATIENT_VARIANCE, SHARED_VARIANCE = 0.2, 0.7
"""Parts of a score's variance: by patient, and shared by both models beyond that."""

OWN_OF_PATIENT = 0.2
"""Share of the patient's variance that the models do not share."""

WHOLE, PART = 0.05, 0.08
"""Margins of plans with groups: on all images, and in each group or class."""

PREVALENCES = (0.1, 0.2, 0.3, 0.5)
"""Of the labels in multi-label studies; each patient has its own, around them."""

CONCENTRATION = 2.0
"""Sum of the parameters of the beta distribution of a patient's prevalence: 2 with a mean of a half
is the uniform one."""

Parts = Literal["sexes", "classes"]


@dataclass(frozen=True)
class Plan:
    """A plan with the losses that are put into the studies."""

    metric: str
    margin: float
    losses: tuple[float, float]
    """True losses of women and of men; with claims about classes, of the first half of the labels
    and of the second."""
    part_margin: float | None = None
    """Margin in each group or class; None for a plan about all images alone."""
    num_labels: int = 1
    """Labels of an image; with several the task is a multi-label one."""
    parts: Parts = "sexes"
    """What claims beside that on all images are about."""

    @property
    def is_passing_wrong(self) -> bool:
        """Whether a claim is false, or at its margin, so that to pass is an error."""
        parts = self.part_margin is not None and max(self.losses) >= self.part_margin
        return sum(self.losses) / 2 >= self.margin or parts

    @property
    def is_failing_wrong(self) -> bool:
        """Whether all claims are true, so that to fail is an error."""
        parts = self.part_margin is None or max(self.losses) <= self.part_margin
        return sum(self.losses) / 2 <= self.margin and parts


def plans(metric: str, num_labels: int = 1) -> list[Plan]:
    """Return the rows of a table; with several labels, which take longer, the telling ones."""
    losses = [(0.0, 0.0), (0.0, PART), (WHOLE, WHOLE), (PART, PART), (0.0, 2 * PART)]
    if num_labels == 1:
        alone = [Plan(metric, margin, (factor * margin,) * 2)
                 for margin in (0.02, 0.03, 0.05) for factor in (0, 1, 2)]  # fmt: skip
        return alone + [Plan(metric, WHOLE, each, PART) for each in losses]
    kinds: tuple[Parts, ...] = ("sexes", "classes")
    at_margin = Plan(metric, WHOLE, (WHOLE, WHOLE), num_labels=num_labels)
    return [at_margin] + [
        Plan(metric, WHOLE, each, PART, num_labels, kind) for kind in kinds for each in losses[:2]
    ]


def simulate(plan: Plan, num_patients: int, rng: np.random.Generator) -> list[Claim]:
    """Draw one study, and return the plan's claims about it."""
    metric = metric_named(plan.metric)
    assert metric is not None
    sizes_P = np.exp(rng.normal(3.3, 0.5, num_patients)).astype(int) + 1
    patient_N = np.repeat(np.arange(num_patients), sizes_P)
    is_man_N = patient_N % 2
    columns = [
        _label(plan, metric, number, patient_N, num_patients, rng)
        for number in range(plan.num_labels)
    ]
    labels_NK, before_NK, after_NK = (np.stack(each, axis=1) for each in zip(*columns, strict=True))
    names = [f"{row:06d}" for row in range(len(patient_N))]
    patients = [f"{each:04d}" for each in patient_N]
    before, after = (_scores(labels_NK.astype(np.int64), each) for each in (before_NK, after_NK))
    pair = PairedPredictions(names, patients, before, after)
    claims = [Claim("all images", metric, plan.margin, pair)]
    if plan.part_margin is None:
        return claims
    if plan.parts == "sexes":
        parts = [pair.take(np.flatnonzero(is_man_N == number)) for number in (0, 1)]
    else:
        parts = [
            PairedPredictions(names, patients, before.of_class(index), after.of_class(index))
            for index in range(plan.num_labels)
        ]
    margin = plan.part_margin
    return [*claims, *(Claim(str(at), metric, margin, part) for at, part in enumerate(parts))]


def _label(
    plan: Plan, metric: Metric, number: int, patient_N: Labels, num_patients: int,
    rng: np.random.Generator,
) -> tuple[Labels, Floats, Floats]:  # fmt: skip
    """Return labels of one class, and the probabilities that both models give it."""
    prevalence = 0.5 if plan.num_labels == 1 else PREVALENCES[number]
    with_label, without = CONCENTRATION * prevalence, CONCENTRATION * (1 - prevalence)
    share_P = rng.beta(with_label, without, num_patients)
    labels_N = (rng.random(len(patient_N)) < share_P[patient_N]).astype(int)
    is_second_N = patient_N % 2
    if plan.parts == "classes":
        is_second_N = np.full(len(patient_N), int(number >= plan.num_labels / 2))
    losses_N = np.where(is_second_N == 1, plan.losses[1], plan.losses[0])
    noises = _noises(patient_N, num_patients, rng)
    before_N, after_N = (
        _probabilities(metric, labels_N, noise_N, RIGHT - lost_N)
        for noise_N, lost_N in zip(noises, (0 * losses_N, losses_N), strict=True)
    )
    return labels_N, before_N, after_N


def _noises(
    patient_N: Labels, num_patients: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return both models' errors, (N,) of variance 1: by patient, shared, and their own."""
    own = 1 - PATIENT_VARIANCE - SHARED_VARIANCE
    shared_N = rng.normal(0, np.sqrt(SHARED_VARIANCE), len(patient_N))
    common_P = rng.normal(0, np.sqrt((1 - OWN_OF_PATIENT) * PATIENT_VARIANCE), num_patients)

    def one() -> Floats:
        own_P = rng.normal(0, np.sqrt(OWN_OF_PATIENT * PATIENT_VARIANCE), num_patients)
        alone_N = rng.normal(0, np.sqrt(own), len(patient_N))
        return (common_P + own_P)[patient_N] + shared_N + alone_N

    return one(), one()


def _probabilities(metric: Metric, labels_N: Labels, noise_N: Floats, right_N: Floats) -> Floats:
    """Return the answers of a model that is right with these chances, or has these AUROCs."""
    if metric.name == "auroc":  # noise of positives and negatives differ by sqrt(2) of a unit
        centre_N = norm.ppf(right_N) * np.sqrt(2) * (labels_N - 0.5)
    else:
        centre_N = norm.ppf(right_N) * (2 * labels_N - 1)
    probabilities_N: Floats = norm.cdf(centre_N + noise_N)
    return probabilities_N


def _scores(labels_NK: Labels, probabilities_NK: Floats) -> Scores:
    """Return a model's answers; with one label, as those about two classes."""
    answers_NK = (probabilities_NK >= 0.5).astype(np.int64)
    if labels_NK.shape[1] > 1:
        return Scores(labels_NK, probabilities_NK, answers_NK, "multi")
    return Scores(
        np.hstack([1 - labels_NK, labels_NK]),
        np.hstack([1 - probabilities_NK, probabilities_NK]),
        np.hstack([1 - answers_NK, answers_NK]),
        "single",
    )


def decisions(
    plan: Plan, num_studies: int, num_patients: int, seed: int
) -> tuple[Counter[Decision], int]:
    """Return how often each decision was made, and how often without Holm's method it failed."""
    rng = np.random.default_rng(seed)
    found, num_uncorrected = Counter[Decision](), 0
    for _ in range(num_studies):
        judged = judge_claims(simulate(plan, num_patients, rng))
        found[decide(judged)] += 1
        num_uncorrected += _fails_uncorrected(judged)
    return found, num_uncorrected


def _fails_uncorrected(judged: Sequence[JudgedClaim]) -> bool:
    return any(each.chance <= ONE_SIDED_ERROR for each in judged)


def row(plan: Plan, num_studies: int, num_patients: int, seed: int) -> str:
    """Return a row of Markdown; errors are bold."""
    found, num_uncorrected = decisions(plan, num_studies, num_patients, seed)
    shares = [
        f"**{share:.1%}**" if is_wrong else f"{share:.1%}"
        for share, is_wrong in (
            (found["pass"] / num_studies, plan.is_passing_wrong),
            (found["undecided"] / num_studies, False),
            (found["fail"] / num_studies, plan.is_failing_wrong),
            (num_uncorrected / num_studies, plan.is_failing_wrong),
        )
    ]
    margins = f"{plan.margin:.0%}"
    if plan.part_margin:
        kind = "sex" if plan.parts == "sexes" else "label"
        margins += f"; {plan.part_margin:.0%} by {kind}"
    losses = " / ".join(f"{each:.0%}" for each in dict.fromkeys(plan.losses))
    metric = plan.metric if plan.num_labels == 1 else f"{plan.metric}, {plan.num_labels} labels"
    return f"| {metric} | {margins} | {losses} | {' | '.join(shares)} |"


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=30)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--labels", type=int, default=1, choices=(1, len(PREVALENCES)))
    parser.add_argument("--metrics", nargs="+", default=["accuracy", "auroc"])
    parser.add_argument("--rows", type=int, nargs="+", help="numbers of the rows, all by default")
    arguments = parser.parse_args()
    print("| metric | margins | true loss | pass | undecided | fail | fail without Holm |")
    print("|--|--|--|--:|--:|--:|--:|")
    for metric in arguments.metrics:
        for number, plan in enumerate(plans(metric, arguments.labels)):
            if arguments.rows is None or number in arguments.rows:
                seed = arguments.seed + number
                print(row(plan, arguments.studies, arguments.patients, seed), flush=True)


if __name__ == "__main__":
    main()
