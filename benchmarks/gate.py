"""Measures how often the gate passes and fails, rightly and wrongly, on simulated pairs of models.

Each study has patients with the sizes of malaria patients' sets of cells, half of them women, and
two models that answer about all of their images: the baseline is right with a chance of 92 % (its
AUROC is 0.92), the other one loses what the row says. Both have effects of the patient, of which a
fifth is their own, and share most of their other errors, as a network and its compression do. The
losses are exact: they are put into the chance of each answer. Run it as

    python -m benchmarks.gate --studies 2000 --patients 30

"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
from medtui.metrics.scores import Floats, Labels, Scores

RIGHT = 0.92
"""Accuracy, or AUROC, of the baseline."""

PATIENT_VARIANCE, SHARED_VARIANCE = 0.2, 0.7
"""Parts of a score's variance: by patient, and shared by both models beyond that."""

OWN_OF_PATIENT = 0.2
"""Share of the patient's variance that the models do not share."""

WHOLE, PART = 0.05, 0.08
"""Margins of plans with groups: on all images, and in each group."""


@dataclass(frozen=True)
class Plan:
    """A plan with the losses that are put into the studies."""

    metric: str
    margin: float
    losses: tuple[float, float]
    """True losses of women and of men."""
    part_margin: float | None = None
    """Margin in each of the two groups; None for a plan about all images alone."""

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


def plans(metric: str) -> list[Plan]:
    """Return the rows of a table."""
    margins = (0.02, 0.03, 0.05)
    alone = [Plan(metric, margin, (factor * margin,) * 2)
             for margin in margins for factor in (0, 1, 2)]  # fmt: skip
    groups = [(0.0, 0.0), (0.0, PART), (WHOLE, WHOLE), (PART, PART), (0.0, 2 * PART)]
    return alone + [Plan(metric, WHOLE, losses, PART) for losses in groups]


def simulate(plan: Plan, num_patients: int, rng: np.random.Generator) -> list[Claim]:
    """Draw one study, and return the plan's claims about it."""
    metric = metric_named(plan.metric)
    assert metric is not None
    sizes_P = np.exp(rng.normal(3.3, 0.5, num_patients)).astype(int) + 1
    patient_N = np.repeat(np.arange(num_patients), sizes_P)
    labels_N = (rng.random(len(patient_N)) < rng.beta(1, 1, num_patients)[patient_N]).astype(int)
    is_man_N = patient_N % 2
    losses_N = np.where(is_man_N == 1, plan.losses[1], plan.losses[0])
    before, after = (
        _scores(metric, labels_N, noise_N, RIGHT - lost_N)
        for noise_N, lost_N in zip(
            _noises(patient_N, num_patients, rng), (0 * losses_N, losses_N), strict=True
        )
    )
    names = [f"{row:06d}" for row in range(len(patient_N))]
    pair = PairedPredictions(names, [f"{each:04d}" for each in patient_N], before, after)
    claims = [Claim("all images", metric, plan.margin, pair)]
    if plan.part_margin is not None:
        for sex, number in (("F", 0), ("M", 1)):
            part = pair.take(np.flatnonzero(is_man_N == number))
            claims.append(Claim(f"sex {sex}", metric, plan.part_margin, part))
    return claims


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


def _scores(metric: Metric, labels_N: Labels, noise_N: Floats, right_N: Floats) -> Scores:
    """Return the answers of a model that is right with these chances, or has these AUROCs."""
    if metric.name == "auroc":  # noise of positives and negatives differ by sqrt(2) of a unit
        centre_N = norm.ppf(right_N) * np.sqrt(2) * (labels_N - 0.5)
    else:
        centre_N = norm.ppf(right_N) * (2 * labels_N - 1)
    score_N = norm.cdf(centre_N + noise_N)
    answer_N = (score_N >= 0.5).astype(np.int64)
    pairs = [(1 - labels_N, labels_N), (1 - answer_N, answer_N)]
    labels_NK, answers_NK = (np.stack(pair, axis=1).astype(np.int64) for pair in pairs)
    return Scores(labels_NK, np.stack([1 - score_N, score_N], axis=1), answers_NK, "single")


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
    margins = f"{plan.margin:.0%}" + (f", {plan.part_margin:.0%}" if plan.part_margin else "")
    losses = " / ".join(f"{each:.0%}" for each in dict.fromkeys(plan.losses))
    return f"| {plan.metric} | {margins} | {losses} | {' | '.join(shares)} |"


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=30)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| metric | margins | true loss (women / men) | pass | undecided | fail | "
          "fail without Holm |")  # fmt: skip
    print("|--|--|--|--:|--:|--:|--:|")
    for metric in ("accuracy", "auroc"):
        for number, plan in enumerate(plans(metric)):
            seed = arguments.seed + number
            print(row(plan, arguments.studies, arguments.patients, seed), flush=True)


if __name__ == "__main__":
    main()
