"""The order of runs in a table."""

from collections.abc import Sequence

from medtui.analysis.columns import column_named
from medtui.analysis.run_record import RunRecord


def sort_runs(entries: Sequence[RunRecord], by: str) -> list[RunRecord]:
    """Return runs sorted by a column: ascending, or descending if `by` begins with `-`.

    Missing values come last. An empty `by` keeps the order.

    Raises:
        UsageError: there is no such column.
    """
    if not by:
        return list(entries)
    column = column_named(by.removeprefix("-"))
    known = [entry for entry in entries if column.read(entry) is not None]
    missing = [entry for entry in entries if column.read(entry) is None]
    is_text = column.is_text

    def key(entry: RunRecord) -> tuple[str, float]:
        value = column.read(entry)
        return (str(value).casefold(), 0.0) if is_text else ("", column.number(entry) or 0.0)

    return [*sorted(known, key=key, reverse=by.startswith("-")), *missing]
