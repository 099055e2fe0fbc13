"""Verdicts on a change against a margin that the preset states beforehand (`evaluate.margin`).

A change is judged by its paired 95 % interval:

- `worse`: the whole interval is below 0; it is said whether also below the margin, or above it;
- `non-inferior`: otherwise, if the whole interval is above minus the margin;
- `not shown`: neither. The data do not tell, which is no sign that nothing was lost.

Among many classes and groups some intervals are below 0 by chance alone. Those that stand in one
analysis are therefore judged together: one is `worse` if its interval is below 0 and its one-sided
p-value remains below 5 % by Holm's method, so the chance that any class or group without a loss is
called worse is at most 5 %. `non-inferior` needs no correction: it is a claim about one class, and
the claim about all of them is true only if each is. A class or group with too few patients, or with
fewer than `MIN_POSITIVES` images with or without the class, is `not judged`.

A change that is the same in every patient has an exact bound for an interval. It is `not shown`
unless there are so many patients that the bound is within the margin.

Sources: Piaggio et al. 2012 (CONSORT, non-inferiority trials); Holm 1979.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from medtui.analysis.verdict_state import State
from medtui.metrics import Metric
from medtui.metrics.intervals import Difference
from medtui.metrics.jackknife import effective_number
from medtui.metrics.student import student_quantile, student_share

FAMILY_ERROR = 0.05
"""Accepted chance that any class or group without a loss is called worse."""

_UPPER_QUANTILE = 0.975
_FEWEST_DEGREES = 1.0


@dataclass(frozen=True)
class Verdict:
    """What is known of a change."""

    state: State
    detail: str = ""
    """How a loss stands to the margin, or what is too few."""
    holds: bool = False
    """Whether a loss as large as the margin is excluded; also of a small loss that is `worse`."""

    @property
    def is_few(self) -> bool:
        """Whether nothing is shown because there are too few patients or images for an interval."""
        return self.detail.startswith("too few")

    @property
    def text(self) -> str:
        """The verdict in words: `worse, beyond the margin`, `too few: 2 positives`."""
        if self.state == "not judged":
            return self.detail
        return f"{self.state}, {self.detail}" if self.detail else self.state


@dataclass(frozen=True)
class JudgedChange:
    """A change that is judged with others."""

    difference: Difference | None
    patients: tuple[str, ...]
    """Patient of each image behind it."""
    rarest: tuple[str, ...]
    """Patient of each image of the rarest kind, on whose number the change rests."""
    shortage: str = ""
    """What there is too little of, as `2 positives`; empty where there is enough."""


def describe_verdicts(metric: Metric, margin: float) -> str:
    """Return the margin, and what the verdicts against it mean."""
    return (
        f"Margin (evaluate.margin): a loss of {metric.show_amount(margin)}. Non-inferior: the "
        "95 % interval excludes a larger loss; worse: the interval is below 0; not shown: neither."
    )


def judge(difference: Difference | None, margin: float, *, shortage: str = "") -> Verdict:
    """Return the verdict on one change by its interval alone."""
    if shortage:
        return Verdict("not shown", f"too few: {shortage}")
    if difference is None:
        return Verdict("not shown", "undefined")
    if not difference.has_interval:
        return Verdict("not shown", "too few patients for an interval")
    is_above = difference.low > -margin
    if difference.high < 0:
        if difference.high < -margin:
            return Verdict("worse", "beyond the margin")
        within = "within the margin" if is_above else "perhaps beyond the margin"
        return Verdict("worse", within, is_above)
    if is_above:
        return Verdict("non-inferior", "", holds=True)
    return Verdict("not shown", "no change in too few patients" if difference.is_constant else "")


def judge_together(changes: Sequence[JudgedChange], margin: float) -> list[Verdict]:
    """Return the verdicts on classes and groups of one analysis, `worse` by Holm's method."""
    verdicts = [judge(each.difference, margin, shortage=each.shortage) for each in changes]
    chances = [
        1.0 if verdict.is_few else _chance(each)
        for each, verdict in zip(changes, verdicts, strict=True)
    ]
    counted = sum(not verdict.is_few for verdict in verdicts)
    lost = set[int]()
    for rank, at in enumerate(sorted(range(len(changes)), key=lambda each: chances[each])):
        if rank >= counted or chances[at] > FAMILY_ERROR / (counted - rank):
            break
        lost.add(at)
    return [_corrected(verdict, is_lost=at in lost) for at, verdict in enumerate(verdicts)]


def _corrected(verdict: Verdict, *, is_lost: bool) -> Verdict:
    """Return a verdict after Holm's method: a loss that it does not confirm is not shown."""
    if verdict.is_few:
        return Verdict("not judged", verdict.detail)
    if verdict.state != "worse" or is_lost:
        return verdict
    state: State = "non-inferior" if verdict.holds else "not shown"
    return Verdict(state, "", verdict.holds)


def _chance(change: JudgedChange) -> float:
    """Return the one-sided p-value of no loss.

    The standard error is that of the interval, which has the degrees of freedom of all patients.
    The p-value has those of the patients of the rarest kind: a class of few positives rests on
    these, however many patients without it there are.
    """
    difference = change.difference
    if difference is None:
        return 1.0
    reach = (difference.high - difference.low) / 2
    error = reach / student_quantile(_UPPER_QUANTILE, _degrees(change.patients))
    if not error > 0:
        return 0.0 if difference.value < 0 and error == 0 else 1.0
    degrees = min(_degrees(change.patients), _degrees(change.rarest))
    return student_share(difference.value / error, degrees)


def _degrees(patients: Sequence[str]) -> float:
    """Return Kish's effective number of patients less one."""
    return max(effective_number(patients) - 1, _FEWEST_DEGREES) if patients else _FEWEST_DEGREES
