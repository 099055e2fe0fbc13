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


def baselines_first(entries: Sequence[RunRecord]) -> list[RunRecord]:
    """Return runs study by study: references, controls, then the others as they were planned."""
    names = dict.fromkeys(entry.folder.study.name for entry in entries)
    places = {name: at for at, name in enumerate(names)}
    return sorted(entries, key=lambda entry: (
        places[entry.folder.study.name],
        not entry.folder.is_reference, not entry.folder.is_control,
    ))  # fmt: skip
