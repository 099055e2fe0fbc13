"""Claims of a plan: what an interval shows, what refutes, and how often the gate is wrong."""

import numpy as np
import pytest

from benchmarks.gate import Plan, decisions
from medtui.analysis.non_inferiority import Claim, decide, judge_claims
from medtui.analysis.pairing import PairedPredictions
from medtui.metrics import metric_named
from medtui.metrics.scores import Scores

NUM_PATIENTS, IMAGES = 30, 20


def scores(labels_N, right_N, certainty: float) -> Scores:
    """Return answers that are right where told, with a certainty."""
    answers_N = np.where(right_N, labels_N, 1 - labels_N)
    probability_N = np.where(answers_N == 1, certainty, 1 - certainty)
    both = [np.stack([1 - each, each], axis=1) for each in (labels_N, answers_N)]
    return Scores(both[0], np.stack([1 - probability_N, probability_N], axis=1), both[1], "single")


def pair(lost: float, *, certainty: float = 0.9, num_patients: int = NUM_PATIENTS):
    """Return a baseline that is always right, and a run that loses a share of its answers."""
    rng = np.random.default_rng(0)
    count = num_patients * IMAGES
    labels_N = np.arange(count) % 2
    right_N = rng.random(count) >= lost
    patients = [f"{row // IMAGES:03d}" for row in range(count)]
    before = scores(labels_N, np.ones(count, bool), 0.9)
    return PairedPredictions(
        [str(row) for row in range(count)], patients, before, scores(labels_N, right_N, certainty)
    )


def claim(found, margin: float, metric: str = "accuracy") -> Claim:
    """Return a claim about all images."""
    return Claim("all images", metric_named(metric), margin, found)


@pytest.mark.parametrize(
    ("lost", "margin", "state"),
    [(0.02, 0.05, "shown"), (0.05, 0.05, "not shown"), (0.12, 0.05, "refuted")],
)
def test_an_interval_decides_about_a_claim(lost, margin, state):
    """Above minus the margin it is shown; below it is refuted; else nothing is shown."""
    (judged,) = judge_claims([claim(pair(lost), margin)])
    assert judged.state == state
    low, high = judged.interval
    assert low < judged.change < high
    assert judged.change == pytest.approx(judged.after - judged.before)


def test_a_loss_is_negative_where_lower_is_better():
    """A Brier score that rises is a loss, and one that falls none."""
    worse, better = (pair(lost, certainty=sure) for lost, sure in ((0.2, 0.9), (0.002, 0.99)))
    (lost,) = judge_claims([claim(worse, 0.01, "brier_score")])
    assert lost.change < 0
    assert lost.state == "refuted"
    (gained,) = judge_claims([claim(better, 0.01, "brier_score")])
    assert gained.change > 0
    assert gained.state == "shown"


def test_too_few_patients_show_nothing():
    """Where there is no interval nothing is shown, whatever was lost."""
    (judged,) = judge_claims([claim(pair(0.5, num_patients=5), 0.05)])
    assert (judged.state, judged.interval) == ("not shown", None)
    assert "5 patients" in judged.reason


def test_a_group_without_images_is_not_shown():
    """A plan may name a group that test lacks: it is no claim that is fulfilled."""
    (judged,) = judge_claims([Claim("sex X", metric_named("accuracy"), 0.05, None)])
    assert decide([judged]) == "undecided"


def test_refutations_are_corrected_for_the_number_of_claims():
    """A loss that refutes one claim alone need not refute it among twenty."""
    (alone,) = judge_claims([claim(pair(0.09), 0.05)])
    assert alone.state == "refuted"
    assert alone.chance > 0.025 / 20
    fine = claim(pair(0.002), 0.05)
    among = judge_claims([claim(pair(0.09), 0.05), *[fine] * 19])
    assert among[0].state == "not shown"


def test_a_decision_needs_every_claim_to_pass_and_one_to_fail():
    """Pass needs all, fail one, and everything else is undecided."""
    shown, refuted, neither = (claim(pair(lost), 0.05) for lost in (0.002, 0.2, 0.05))
    assert decide(judge_claims([shown, shown])) == "pass"
    assert decide(judge_claims([shown, neither])) == "undecided"
    assert decide(judge_claims([shown, refuted, neither])) == "fail"


@pytest.mark.parametrize(
    ("plan", "decision", "least", "most"),
    [
        (Plan("accuracy", 0.05, (0.05, 0.05)), "pass", 0.0, 0.1),
        (Plan("accuracy", 0.05, (0.08, 0.08), 0.08), "pass", 0.0, 0.1),
        (Plan("accuracy", 0.05, (0.05, 0.05), 0.08), "fail", 0.0, 0.1),
        (Plan("accuracy", 0.05, (0.0, 0.0)), "pass", 0.8, 1.0),
        (Plan("accuracy", 0.05, (0.15, 0.15)), "fail", 0.8, 1.0),
        (Plan("auroc", 0.05, (0.0, 0.08), 0.08), "pass", 0.0, 0.1),
        (Plan("auroc", 0.05, (0.0, 0.0), 0.08, 4, "classes"), "pass", 0.8, 1.0),
        (Plan("auroc", 0.05, (0.0, 0.08), 0.08, 4, "classes"), "pass", 0.0, 0.1),
    ],
)
def test_simulated_studies_are_decided_as_the_benchmark_says(plan, decision, least, most):
    """A sample of benchmarks/gate.md, whose 2,000 studies are wrong in less than 5 %."""
    found, _ = decisions(plan, 50, 30, seed=1)
    assert least <= found[decision] / 50 <= most
