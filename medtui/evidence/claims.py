"""The claims of a plan about two finished runs, with the answers that they are judged by."""

from collections.abc import Iterator

import numpy as np

from medtui.analysis.differences import pair_runs
from medtui.analysis.non_inferiority import Claim
from medtui.analysis.pairing import PairedPredictions
from medtui.analysis.run_record import RunRecord
from medtui.analysis.subgroup_analysis import by_number
from medtui.evidence.plan import GroupClaim, Plan, StatedPlan
from medtui.metrics import Metric, Task, class_metric, metric_named, primary_metric
from medtui.preset.toml import Location
from medtui.suggest import did_you_mean

SPLIT = "test"


def claims_of(stated: StatedPlan, baseline: RunRecord, run: RunRecord) -> list[Claim]:
    """Return a plan's claims about a run: on all images, then groups, then classes.

    Raises:
        DocumentError: the plan does not fit the run's data.
        MedtuiError: as for `pair_runs`.
    """
    require_fit(stated, run)
    plan, pair = stated.plan, pair_runs(baseline, run, "test")
    whole = _metric(plan.whole.metric, primary_metric(pair.run.task))
    claims = [Claim("all images", whole, plan.whole.margin, pair)]
    subgroups = run.subgroups(SPLIT)
    for group in plan.groups:
        metric = _metric(group.metric, whole)
        for value, part in _parts(group, pair, subgroups):
            claims.append(Claim(f"{group.by} {value}", metric, group.margin, part))
    for each in plan.classes:
        index = run.predictions.classes.index(each.name)
        alone = PairedPredictions(
            pair.names, pair.patients, pair.reference.of_class(index), pair.run.of_class(index)
        )
        metric = _metric(each.metric, class_metric(pair.run.task))
        claims.append(Claim(f"class {each.name}", metric, each.margin, alone))
    return claims


def require_fit(stated: StatedPlan, run: RunRecord) -> None:
    """Check a plan against a run's classes, task and groups of patients; reads no answer.

    Raises:
        DocumentError: with every problem, each with its line.
    """
    known = {kind for values in run.subgroups(SPLIT).values() for kind in values}
    task = run.result.task
    stated.require(dict(_faults(stated.plan, known, list(run.result.test.per_class), task)))


def _faults(
    plan: Plan, kinds: set[str], classes: list[str], task: Task
) -> Iterator[tuple[Location, str]]:
    for key, name in _metrics_in(plan):
        metric = metric_named(name) if name else None
        if metric is not None and task not in metric.tasks:
            yield key, f"`{name}` is not measured in {task}-label tasks"
    for position, group in enumerate(plan.groups):
        if group.by not in kinds:
            known = f"It names {', '.join(sorted(kinds))}" if kinds else "It names none"
            help_ = did_you_mean(group.by, kinds, otherwise=known)
            yield ("groups", position, "by"), f"the card names no group `{group.by}`. {help_}"
    for position, each in enumerate(plan.classes):
        if each.name not in classes:
            help_ = did_you_mean(each.name, classes)
            yield ("classes", position, "name"), f"no class `{each.name}`. {help_}"


def _metrics_in(plan: Plan) -> Iterator[tuple[Location, str | None]]:
    yield ("whole", "metric"), plan.whole.metric
    for position, group in enumerate(plan.groups):
        yield ("groups", position, "metric"), group.metric
    for position, each in enumerate(plan.classes):
        yield ("classes", position, "metric"), each.metric


def _parts(
    group: GroupClaim, pair: PairedPredictions, subgroups: dict[str, dict[str, str]]
) -> Iterator[tuple[str, PairedPredictions | None]]:
    """Yield each group of patients with its answers; None where no image is of it."""
    value_N = np.array([subgroups.get(name, {}).get(group.by, "") for name in pair.names])
    found = sorted(set(value_N.tolist()) - {""}, key=by_number)
    for value in found if group.values is None else group.values:
        rows = np.flatnonzero(value_N == value)
        yield value, pair.take(rows) if rows.size else None


def _metric(name: str | None, default: Metric) -> Metric:
    metric = metric_named(name) if name else None
    return metric or default
