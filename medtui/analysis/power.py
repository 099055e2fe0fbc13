"""What the patients of a split can show: their effective number, and the smallest margin.

A margin is shown where the whole interval of the change is above its negative. If nothing is lost,
that happens with a chance of 80 % for margins from (t(0.975) + t(0.8)) standard errors on: the same
number as the smallest true change that would be told from none.
"""

import math
from collections.abc import Mapping, Sequence

from medtui.analysis.differences import Differences
from medtui.metrics import Metric, metric_named
from medtui.metrics.intervals import Difference
from medtui.metrics.jackknife import effective_number
from medtui.metrics.shortage import MIN_POSITIVES, Unit, unit_of
from medtui.protocol.preflight import SplitPower
from medtui.units import plural


def describe_power_of_runs(found: Mapping[str, Differences], metric: Metric) -> str:
    """Return the patients behind the changes of runs, and the margins that these can show.

    A sentence for each test split; empty without a change of the metric.
    """
    by_patients: dict[tuple[str, ...], list[str]] = {}
    for key, each in found.items():
        if metric.name in each.by_metric:
            by_patients.setdefault(each.patients, []).append(key)
    sentences = []
    for patients, keys in by_patients.items():
        unit = unit_of(has_patients=found[keys[0]].has_patients)
        changes = [found[key].by_metric[metric.name] for key in keys]
        sentence = describe_power(
            len(set(patients)), effective_number(patients), changes, metric, unit=unit
        )
        studies = ", ".join(dict.fromkeys(key.partition("/")[0] for key in keys))
        sentences.append(f"{studies}: {sentence}" if len(by_patients) > 1 else sentence)
    return " ".join(sentences)


def describe_power(
    count: int, effective: float, changes: Sequence[Difference], metric: Metric,
    *, unit: Unit, split: str = "test",
) -> str:  # fmt: skip
    """Return a split's patients and the margins that changes of one or more runs can show."""
    patients = describe_patients(count, effective, unit=unit, split=split)
    known = [each for each in changes if each.has_interval and math.isfinite(each.detectable)]
    # What a run that lost much shows says nothing about runs that lose nothing.
    margins = sorted(each.detectable for each in known if not _is_loss(each, metric))
    margins = margins or sorted(each.detectable for each in known)
    if margins:
        return f"{patients}; {describe_margin(metric, margins[0], margins[-1])}."
    reasons = dict.fromkeys(each.reason or "undefined" for each in changes)
    return f"{patients}; which margin they can show is not known ({'; '.join(reasons)})."


def _is_loss(change: Difference, metric: Metric) -> bool:
    """Return whether the whole interval is on the worse side of zero."""
    return change.high < 0 if metric.higher_is_better else change.low > 0


def describe_patients(count: int, effective: float, *, unit: Unit, split: str = "test") -> str:
    """Return `29 test patients (effective number 14.8)`."""
    if unit == "image":
        return f"{plural(count, f'{split} image')} of unknown patients"
    return f"{plural(count, f'{split} patient')} (effective number {effective:.1f})"


def describe_margin(metric: Metric, *margins: float) -> str:
    """Return the smallest margin that is shown with 80 % power, or the range over runs."""
    amount = metric.show_amount(*margins, is_rounded=True)
    return (
        f"if nothing is lost, non-inferiority at a margin of {amount} in {metric.label} is shown "
        "with a power of 80 %"
    )


def describe_forecast(power: SplitPower, margin: float) -> list[str]:
    """Return what a test split can show before a study, as sentences without a full stop.

    `margin` is the one that the preset states.
    """
    count, unit = (
        (power.num_patients, "patient") if power.num_patients else (power.num_images, "image")
    )
    metric = metric_named(power.metric)
    patients = f"{plural(count, f'test {unit}')} (effective number {power.num_effective:.1f})"
    stated = f"the margin is {metric.show_amount(margin)}" if metric else ""
    if power.shortage:
        sentences = [f"{power.shortage}: changes get no interval, and verdicts are not shown"]
    elif metric is None or power.margin is None or power.deviation is None:
        sentences = [f"{patients}; {stated}"]
    else:
        smallest, deviation = (
            metric.show_amount(each, is_rounded=True) for each in (power.margin, power.deviation)
        )
        sentence = (
            f"{patients}: if nothing is lost, non-inferiority at a margin of {smallest} in "
            f"{metric.label} is shown with a power of 80 %, assuming that the change of one {unit} "
            f"has a standard deviation of {deviation}; {stated}"
        )
        sentences = [sentence]
    if power.rare_classes:
        sentences.append(
            f"fewer than {MIN_POSITIVES} test images with or without "
            f"{', '.join(power.rare_classes)}: no interval and no verdict"
        )
    return sentences
