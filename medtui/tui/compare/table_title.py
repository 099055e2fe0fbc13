"""The title of Compare's table."""

from medtui.analysis.filters import filter_of_study
from medtui.analysis.low_fidelity import describe_low_fidelity, split_by_fidelity
from medtui.tui.compare.contents import MAX_DIFFERENCES
from medtui.tui.compare.rows import CompareRows
from medtui.tui.compare.state import CompareState
from medtui.units import plural


def describe_table(state: CompareState, rows: CompareRows) -> str:
    """Return the table's title: counts, filter, groups, and what changes are against."""
    shown = rows.entries
    studies = list(dict.fromkeys(entry.folder.study.name for entry in shown))
    of_study = f" of {studies[0]}" if len(studies) == 1 else ""
    known = [
        entry for entry in state.runs.entries
        if not of_study or entry.folder.study.name == studies[0]
    ]  # fmt: skip
    counts = [len(split_by_fidelity(each)[0]) for each in (shown, known)]
    drawn = sum(state.marks.of(entry.key) is not None for entry in shown)
    hidden = len(state.marks) - drawn
    title = f"{counts[0]} of {counts[1]} runs{of_study}, {drawn} marked"
    is_plain = len(studies) == 1 and state.options.filter == filter_of_study(studies[0])
    parts = [
        f"{hidden} marked not shown" if hidden else "",
        _describe_low_fidelity(state),
        "" if is_plain else state.options.filter,
        state.options.group and f"grouped by {state.options.group}",
        rows.baseline,
        f"changes of {MAX_DIFFERENCES}" if len(shown) > MAX_DIFFERENCES else "",
    ]
    return " · ".join([title, *filter(None, parts)])


def _describe_low_fidelity(state: CompareState) -> str:
    """Return how many low-fidelity runs pass the filter, and the key that shows them."""
    _, found = split_by_fidelity(state.filtered)
    if not found:
        return ""
    if state.options.is_low_fidelity_shown:
        return describe_low_fidelity(found)
    return f"P shows {plural(len(found), 'low-fidelity run')}"
