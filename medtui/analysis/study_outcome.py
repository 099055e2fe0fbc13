"""Compares the finished runs of a study by its primary metric on test.

Changes, verdicts and the choice follow the rules of comparisons and reports; nothing is decided
here.
"""

import math
from collections.abc import Mapping, Sequence

from medtui.analysis.baselines import baseline_of, describe_missing_controls
from medtui.analysis.chosen_group import smallest_non_inferior
from medtui.analysis.columns import column_named
from medtui.analysis.differences import Differences, difference_text, differences
from medtui.analysis.group_statistics import change_text, group_statistics, val_changes
from medtui.analysis.groups import Group, group_runs
from medtui.analysis.low_fidelity import split_by_fidelity
from medtui.analysis.outcome import ChosenRun, RunOutcome, StudyOutcome, ValChange
from medtui.analysis.outcome_warnings import warnings_of
from medtui.analysis.run_record import RunRecord, read_run_records, task_of
from medtui.analysis.run_titles import title_of_run
from medtui.analysis.val_curve import val_curve
from medtui.analysis.verdict_state import State
from medtui.analysis.verdicts import Verdict
from medtui.errors import MedtuiError
from medtui.metrics import Metric, primary_metric
from medtui.runs.folder import StudyFolder
from medtui.units import plural


def outcome_of(study: StudyFolder) -> StudyOutcome | None:
    """Read and compare the finished runs of a study; None where none is finished."""
    read, problems = read_run_records(study.runs())
    entries, _ = split_by_fidelity(read)
    if not entries:
        return None
    metric = primary_metric(task_of(entries))
    found = _changes(entries, metric, problems)
    groups = [each for each in group_runs(entries, ("scheme", "density"))
              if each.members[0].folder.is_compressed]  # fmt: skip
    val = {group.label: val_changes(group) for group in groups}
    on_val = {label: each for label, each in val.items() if each is not None}
    picked = _pick(groups, on_val, metric)
    changes = group_statistics(picked).changes if picked else None
    chosen = _chosen_run(picked, metric, changes) if picked else None
    test = entries[0].result.test
    return StudyOutcome(
        task=task_of(entries),
        margin=entries[0].margin,
        against="control" if _has_control(entries) else "reference",
        num_patients=test.num_patients,
        num_images=test.num_images,
        runs=tuple(_run_outcome(entry, metric, found.get(entry.key)) for entry in entries),
        chosen=chosen,
        has_compression=bool(groups),
        is_sealed=any(
            entry.result.is_sealed
            for entry in entries
            if chosen and entry.folder.name in chosen.names
        ),
        on_val=tuple(
            _val_change(group, on_val[group.label], metric)
            for group in groups
            if group.label in on_val
        ),
        num_val_patients=entries[0].result.val.num_patients,
        warnings=(
            *warnings_of(entries, metric, found, chosen.names if chosen else (), changes),
            *filter(None, [describe_missing_controls(entries)]),
        ),
        problems=tuple(dict.fromkeys(problems)),
    )


def _changes(
    entries: Sequence[RunRecord], metric: Metric, problems: list[str]
) -> dict[str, Differences]:
    """Return the change of the primary metric of each run that has a baseline.

    In a study with a control that is no baseline of its own, and references are compared with it.
    """
    found = dict[str, Differences]()
    for entry in entries:
        baseline = _baseline_of(entry, entries)
        if baseline is None:
            continue
        try:
            found[entry.key] = differences(baseline, entry, metric=metric)
        except MedtuiError as error:
            problems.append(error.message)
    return found


def _baseline_of(entry: RunRecord, entries: Sequence[RunRecord]) -> RunRecord | None:
    if entry.folder.is_control:
        return None
    if entry.folder.is_reference:
        controls = [each for each in entries if each.folder.is_control]
        return next((each for each in controls if each.folder.reference == entry.folder), None)
    return baseline_of(entry, entries)


def _val_change(group: Group, found: Differences, metric: Metric) -> ValChange:
    difference = found.by_metric.get(metric.name)
    has_interval = difference is not None and difference.has_interval
    verdict = found.verdict(metric, group.members[0].margin)
    return ValChange(
        title=_title_of(group),
        names=tuple(entry.folder.name for entry in group.members),
        text=change_text(metric, found),
        low=difference.low if difference and has_interval else None,
        holds=verdict.holds,
        detail=verdict.detail,
    )


def _pick(
    groups: Sequence[Group], on_val: Mapping[str, Differences], metric: Metric
) -> Group | None:
    """Return the group that one may use; None where none loses less than the margin on val."""
    verdicts = {
        group.label: on_val[group.label].verdict(metric, group.members[0].margin)
        for group in groups
        if group.label in on_val
    }
    return smallest_non_inferior(groups, verdicts)


def _title_of(group: Group) -> str:
    if len(group.members) == 1:
        return title_of_run(group.members[0])
    return f"{group.label.strip()}, {plural(len(group.repetitions), 'seed')}"


def _chosen_run(group: Group, metric: Metric, changes: Differences | None) -> ChosenRun:
    margin = group.members[0].margin
    verdict: Verdict | None = changes.verdict(metric, margin) if changes else None
    return ChosenRun(
        title=_title_of(group),
        names=tuple(entry.folder.name for entry in group.members),
        smaller=group.mean(column_named("smaller")),
        text=change_text(metric, changes),
        state=_state_of(verdict) if verdict else "not shown",
        detail=verdict.text if verdict else "not compared",
    )


def _run_outcome(entry: RunRecord, metric: Metric, found: Differences | None) -> RunOutcome:
    difference = found.by_metric.get(metric.name) if found else None
    is_judged = found is not None and entry.folder.is_compared
    has_interval = difference is not None and difference.has_interval
    return RunOutcome(
        name=entry.folder.name,
        value=entry.metric("test", metric.name),
        bytes_packed=entry.result.size.bytes_packed,
        smaller=column_named("smaller").number(entry),
        change=_finite(difference.value) if difference else None,
        low=difference.low if difference and has_interval else None,
        high=difference.high if difference and has_interval else None,
        text=difference_text(metric, difference),
        state=_state_of(found.verdict(metric, entry.margin)) if found and is_judged else None,
        own=entry.result.test.intervals.get(metric.name),
        curve=val_curve(entry.folder, metric),
    )


def _state_of(verdict: Verdict) -> State:
    """Return the state; of too few patients for an interval, that nothing is judged."""
    return "not judged" if verdict.is_few else verdict.state


def _has_control(entries: Sequence[RunRecord]) -> bool:
    return any(entry.folder.is_control for entry in entries)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
