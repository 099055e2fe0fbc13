"""The report's table of results over seeds."""

from medtui.analysis.column import Column
from medtui.analysis.columns import column_named
from medtui.analysis.differences import Differences, from_control, from_reference
from medtui.analysis.group_statistics import (
    change_text,
    describe_seeds,
    group_statistics,
    value_text,
)
from medtui.analysis.groups import Group
from medtui.analysis.table import Row, Table
from medtui.reporting.contents import Contents
from medtui.units import MISSING, format_count


def seeds_table(contents: Contents) -> Table:
    """Return a row for each group of runs that differ in seeds alone; none without repetitions."""
    metric = contents.headline
    headers = ("runs", "seeds", "patients", f"test {metric.label} [95 %]", "change [95 %]",
               "from the reference [95 %]", "verdict")  # fmt: skip
    rows = []
    if contents.has_seeds:
        column = column_named(metric.name)
        rows = [_row(contents, group, column) for group in contents.groups]
    note = (
        f"{describe_seeds(contents.groups)} Changes are paired with the control of the same seeds, "
        "or where there is none with the reference of the same seed."
    )
    return Table("Results over seeds", headers, tuple(rows), note=note)


def _row(contents: Contents, group: Group, column: Column) -> Row:
    found = group_statistics(group)
    changes, metric = contents.group_changes.get(group.label), contents.headline
    beside = from_reference(changes) if changes else None
    main = from_control(changes) if contents.has_controls else changes
    verdict = main.verdict(metric, group.members[0].margin).text if main else MISSING
    return (
        contents.name_of(group),
        str(found.num_seeds),
        format_count(found.num_patients) if found.num_patients else "unknown",
        value_text(group, column, found),
        _change(contents, main),
        _change(contents, beside),
        verdict,
    )


def _change(contents: Contents, found: Differences | None) -> str:
    return change_text(contents.headline, found) or MISSING
