"""Non-inferiority of a run to its baseline, judged claim by claim and then as a whole.

A claim is that a metric, on all test images or on a part of them, loses no more than a margin that
was stated before. It is judged by the paired change over patients (`medtui.metrics.intervals`), in
the direction in which the metric is better:

- `shown`: the whole 95 % interval is above minus the margin;
- `refuted`: a loss larger than the margin is shown, by the same interval and Holm's method;
- `not shown`: neither, or too few patients for an interval.

All claims must be shown, which needs no correction for their number: the chance to pass although
one claim is false is at most that of this claim alone, 2.5 % (the intersection-union test, Berger
1982). One refuted claim is enough to fail, so refutations are corrected over all claims (Holm
1979): the chance to fail although every claim is true is at most 2.5 % as well. Both are simulated
in `benchmarks/gate.py`.

Sources: Piaggio et al. 2012 (CONSORT, non-inferiority); Berger 1982; Holm 1979.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from medtui.analysis.pairing import PairedPredictions
from medtui.metrics import Metric
from medtui.metrics.intervals import Difference, paired_differences
from medtui.metrics.jackknife import effective_number
from medtui.metrics.registry import defined
from medtui.metrics.shortage import unit_of
from medtui.metrics.student import student_quantile, student_share

ClaimState = Literal["shown", "refuted", "not shown"]

Decision = Literal["pass", "fail", "undecided"]

ONE_SIDED_ERROR = 0.025
"""Accepted chance of each of the two wrong decisions."""

MULTIPLICITY = (
    "All claims must be shown, each by its 95 % interval: the chance to pass although one of them "
    "is false is nominally at most 2.5 %. One refuted claim is enough to fail; refutations are "
    "corrected for the number of claims by Holm's method: the chance to fail although all are true "
    "is nominally at most 2.5 %, too."
)


@dataclass(frozen=True)
class Claim:
    """What a plan states about a run, with the answers that it is judged by."""

    about: str
    """`all images`, `sex F`, `class parasitized`."""
    metric: Metric
    margin: float
    """Largest loss that is accepted: a share, or an area."""
    pair: PairedPredictions | None
    """Answers of the baseline and of the run; None where no image is of that part."""


@dataclass(frozen=True)
class JudgedClaim:
    """A claim, and what the data say about it. Losses are negative for every metric."""

    claim: Claim
    state: ClaimState
    reason: str = ""
    """Why nothing is shown; empty where an interval decides."""
    num_images: int = 0
    num_patients: int = 0
    """0 where patients are unknown."""
    before: float | None = None
    """The metric of the baseline; None where it is undefined."""
    after: float | None = None
    change: float | None = None
    """After less before; of metrics where lower is better, before less after."""
    interval: tuple[float, float] | None = None
    """95 % interval of the change; None with too few patients."""
    detectable: float | None = None
    """Margin that would be shown with a chance of 80 % if nothing is lost."""
    chance: float = 1.0
    """One-sided p-value of no loss beyond the margin, before Holm's method."""


def judge_claims(claims: Sequence[Claim]) -> list[JudgedClaim]:
    """Return each claim with its state."""
    judged = [_measured(claim) for claim in claims]
    refuted, order = set[int](), sorted(range(len(judged)), key=lambda at: judged[at].chance)
    for rank, at in enumerate(order):
        if judged[at].chance > ONE_SIDED_ERROR / (len(judged) - rank):
            break
        refuted.add(at)
    return [
        replace(each, state="refuted") if at in refuted else each for at, each in enumerate(judged)
    ]


def decide(judged: Sequence[JudgedClaim]) -> Decision:
    """Return what follows from all claims of a plan."""
    states = {each.state for each in judged}
    if "refuted" in states:
        return "fail"
    return "pass" if states == {"shown"} else "undecided"


def describe_direction(metrics: Iterable[Metric]) -> str:
    """Return how changes of metrics where lower is better are shown; empty without one."""
    labels = dict.fromkeys(each.label for each in metrics if not each.higher_is_better)
    if not labels:
        return ""
    return f"A negative change is a loss, also of the {', '.join(labels)}, where lower is better."


def _measured(claim: Claim) -> JudgedClaim:
    """Return a claim with its numbers, judged by its interval alone; never `refuted`."""
    pair, metric = claim.pair, claim.metric
    if pair is None:
        return JudgedClaim(claim, "not shown", "no test image is of it")
    unit = unit_of(has_patients=bool(pair.num_patients))
    found = paired_differences(pair.reference, pair.run, pair.patients, [metric], unit=unit)
    difference = found.get(metric.name)
    known = JudgedClaim(
        claim,
        "not shown",
        num_images=len(pair.names),
        num_patients=pair.num_patients,
        before=defined(metric.compute(pair.reference)),
        after=defined(metric.compute(pair.run)),
    )
    return _judged(known, difference, pair.patients)


def _judged(
    known: JudgedClaim, difference: Difference | None, patients: Sequence[str]
) -> JudgedClaim:
    if difference is None:
        return replace(known, reason="the metric is undefined")
    sign = 1.0 if known.claim.metric.higher_is_better else -1.0
    known = replace(known, change=sign * difference.value)
    if not difference.has_interval:
        return replace(known, reason=difference.reason or "no interval")
    low, high = sorted((sign * difference.low, sign * difference.high))
    is_shown = low > -known.claim.margin
    return replace(
        known,
        state="shown" if is_shown else "not shown",
        interval=(low, high),
        detectable=difference.detectable if math.isfinite(difference.detectable) else None,
        chance=_chance(sign * difference.value, low, high, known.claim.margin, patients),
    )


def _chance(
    change: float, low: float, high: float, margin: float, patients: Sequence[str]
) -> float:
    """Return the one-sided p-value of no loss beyond the margin.

    A change that is the same in every patient has a bound and no standard error: its p-value is
    that of the interval where the margin is outside, and 1 elsewhere.
    """
    degrees = max(effective_number(patients) - 1, 1.0)
    error = (high - low) / 2 / student_quantile(1 - ONE_SIDED_ERROR, degrees)
    if not error > 0 or not math.isclose(low + high, 2 * change, abs_tol=1e-9):
        return ONE_SIDED_ERROR if high < -margin else 1.0
    return student_share((change + margin) / error, degrees)
