"""The table of groups: means over seeds with intervals and paired changes, members below."""

from collections.abc import Mapping, Sequence
from typing import Any

from medtui.analysis.column import Column
from medtui.analysis.decision_notes import decision_note
from medtui.analysis.differences import (
    Differences,
    bounds_of_runs,
    change_of_run,
    from_control,
    from_reference,
)
from medtui.analysis.group_statistics import (
    GroupStatistics,
    change_text,
    describe_seeds,
    group_statistics,
    value_text,
)
from medtui.analysis.groups import Group
from medtui.analysis.repetitions import seeds_of
from medtui.analysis.run_record import RunRecord, positive_of
from medtui.analysis.table import Row, Table
from medtui.metrics import Metric
from medtui.metrics.registry import defined
from medtui.units import MISSING, SEALED, format_count

_KEYS = ("group", "runs", "seeds", "patients")


def groups_table(
    groups: Sequence[Group],
    columns: Sequence[Column],
    found: Mapping[str, Differences] | None = None,
    pin: RunRecord | None = None,
) -> Table:
    """Return a row of means per group, followed by a row per member where there are several.

    Each test metric is followed by its change from the control of the same seeds, or the pinned
    run, the first one also by that from the reference. `found` are the changes of the members.
    """
    numbers = [column for column in columns if not column.is_text]
    statistics = {group: group_statistics(group, pin) for group in groups}
    changes = [each.changes for each in statistics.values()]
    doubled = _doubled(numbers, changes)
    rows: list[Row] = []
    marks: list[str] = []
    members: list[Sequence[RunRecord]] = []
    values: list[dict[str, Any]] = []
    for group, each in statistics.items():
        rows.append(_group_row(group, each, numbers, doubled))
        marks.append("group")
        members.append(group.members)
        values.append(_objects(each, group))
        for entry in group.members if len(group.members) > 1 else ():
            rows.append(_member_row(entry, (found or {}).get(entry.key), numbers, doubled))
            marks.append("")
            members.append([entry])
            values.append({})
    headers, shown = _headers(groups, numbers, doubled)
    return Table(
        "Groups", headers, tuple(rows), tuple(marks), _note(statistics, numbers), 1, shown,
        _positives(members, numbers), tuple(values),
    )  # fmt: skip


def _headers(groups: Sequence[Group], columns: Sequence[Column], doubled: str) -> tuple[Row, Row]:
    positive = positive_of(entry for group in groups for entry in group.members)
    headers, shown = [*_KEYS], [*_KEYS]
    for column in columns:
        headers.append(column.label)
        shown.append(column.label_for(positive))
        if (metric := changing(column)) is not None:
            headers.append(f"change of {metric.label}")
            shown.append(headers[-1])
            if column.name == doubled:
                headers.append(f"change of {metric.label} from the reference")
                shown.append("from the reference")
    return tuple(headers), tuple(shown)


def changing(column: Column) -> Metric | None:
    """Return the metric whose paired change follows a column: that of a test metric."""
    return column.metric if column.split == "test" else None


def _group_row(
    group: Group, found: GroupStatistics, columns: Sequence[Column], doubled: str
) -> Row:
    patients = format_count(found.num_patients) if found.num_patients else "unknown"
    cells = [group.label, str(len(group.members)), str(found.num_seeds), patients]
    main = from_control(found.changes) if doubled else found.changes
    for column in columns:
        cells.append(value_text(group, column, found))
        if (metric := changing(column)) is not None:
            cells.append(change_text(metric, main) or _without(group))
            if column.name == doubled:
                beside = from_reference(found.changes) if found.changes else None
                cells.append(change_text(metric, beside) or _without(group))
    return tuple(cells)


def _member_row(
    entry: RunRecord, found: Differences | None, columns: Sequence[Column], doubled: str
) -> Row:
    cells = [f"  {entry.key}", "", "", ""]
    beside = from_reference(found) if found else None
    main = from_control(found) if doubled else found
    for column in columns:
        cells.append(column.text(entry))
        if (metric := changing(column)) is not None:
            cells.append(change_of_run(entry, main, metric))
            if column.name == doubled:
                cells.append(change_of_run(entry, beside, metric))
    return tuple(cells)


def _without(group: Group) -> str:
    """Return what stands in the place of a change that there is not."""
    return SEALED if any(entry.result.is_sealed for entry in group.members) else MISSING


def _doubled(columns: Sequence[Column], changes: Sequence[Differences | None]) -> str:
    """Return the name of the first metric's column where changes from the reference are known."""
    if not any(each and each.from_reference for each in changes):
        return ""
    return next((column.name for column in columns if changing(column) is not None), "")


def _positives(rows: Sequence[Sequence[RunRecord]], columns: Sequence[Column]) -> Row:
    found = [positive_of(entries) for entries in rows]
    if not any(found) or not any(column.is_of_positive for column in columns):
        return ()
    return tuple(each.name if each else "" for each in found)


def _note(statistics: Mapping[Group, GroupStatistics], columns: Sequence[Column]) -> str:
    everyone = [entry for group in statistics for entry in group.members]
    decisions = decision_note(everyone, (column.metric for column in columns))
    problems = dict.fromkeys(
        f"{group.label}: {each.problem}" for group, each in statistics.items() if each.problem
    )
    against = (
        "Changes are paired, averaged over seeds: from the control of the same seeds, without one "
        "from the reference, or from the pinned run."
    )
    found = {group.label: each.changes for group, each in statistics.items() if each.changes}
    bounds = bounds_of_runs(found, list(filter(None, map(changing, columns))))
    said = [describe_seeds(list(statistics)), against, bounds, decisions, *problems]
    return " ".join(filter(None, said))


def _objects(found: GroupStatistics, group: Group) -> dict[str, Any]:
    """Return a group's numbers as plain values, with the names that single runs have."""
    changes = found.changes
    beside = changes.from_reference if changes else None
    values: dict[str, Any] = {
        "num_seeds": found.num_seeds,
        "num_patients": found.num_patients,
        "seeds": [[each.reference, each.compress] for each in map(seeds_of, group.members)],
        "intervals": {f"{split}_{name}": each for (split, name), each in found.intervals.items()},
    }
    if changes is not None and beside is not None:
        return values | {
            "baseline": beside.baseline, "change": change_values(beside),
            "control": changes.baseline, "change_control": change_values(changes),
        }  # fmt: skip
    if changes is not None:
        values |= {"baseline": changes.baseline, "change": change_values(changes)}
    return values


def change_values(found: Differences) -> dict[str, dict[str, float | str | None]]:
    """Return paired changes by metric as plain values; None where there is no interval.

    `reason` is there without an interval, or where the interval is a bound.
    """
    return {
        name: {
            "value": each.value, "low": defined(each.low), "high": defined(each.high),
            "detectable": defined(each.detectable),
            **({"reason": each.reason} if each.reason else {}),
        }
        for name, each in found.by_metric.items()
    }  # fmt: skip
