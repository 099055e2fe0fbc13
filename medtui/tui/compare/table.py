"""Compare's table: one row per run, with its letter, its change and its verdict."""

from dataclasses import replace
from typing import Literal, assert_never

from rich.text import Text
from textual.binding import Binding

from medtui.analysis.column import Column as RunColumn
from medtui.analysis.differences import Differences, from_control, from_reference
from medtui.analysis.group_statistics import change_text
from medtui.analysis.groups import Group
from medtui.analysis.run_record import RunRecord, task_of
from medtui.analysis.verdicts import Verdict
from medtui.charts.palette import Colours
from medtui.charts.selection import Marks
from medtui.metrics import Metric, primary_metric
from medtui.tui.bindings import bind
from medtui.tui.compare.forest_notes import chosen_run
from medtui.tui.compare.headings import heading_of, order_mark, short_label
from medtui.tui.compare.rows import CompareRows
from medtui.tui.widgets.table import Cells, Column, RecordTable
from medtui.units import MISSING, SEALED, plural

_WIDEST = 24
"""Cells of a column at most; the run's name grows beyond where there is space."""

_NAME, _NARROW_NAME = 24, 14
"""Cells of the run's name before other columns are left out; in a narrow table it is cut first."""

_NARROW = 70
"""Cells of a table that has space for a name, its change and the verdict alone."""

_WIDE = 100
"""Cells from which headers are said in full."""

_GROUP = "group: "
"""Prefix of the keys of groups' rows; no key of a run begins with it."""

_CHANGE = {True: 17, False: 23}
"""Cells of a usual change with its interval, in points of a share or as a number between 0 and 1;
kept free before the changes are computed."""

_VERDICT = "verdict"
_STATE = 15
"""Cells of a verdict with its sign and a blank before it."""

_KEPT = ("smaller", "sparse_size", "latency", "density")
"""Columns that stay longer than other numbers when the table is narrow."""

_BESIDE = 1_000
"""Rank of changes from the reference beside those from the control: they are left out first."""


class CompareTable(RecordTable):
    """All finished runs that match the filter."""

    GAP = 1

    DEFAULT_CSS = """
    CompareTable { padding: 0; }
    """

    BINDINGS = [
        bind("open", "select_cursor", "Open run", "Open the run under the cursor"),
        Binding("left", "screen.walk(-1)", show=False),
        Binding("right", "screen.walk(1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__((Column("run", "run", 20, grows=True),), id="compared")
        self._members: dict[str, tuple[str, ...]] = {}
        self._star = ""

    @property
    def selected_run(self) -> str | None:
        """Key of the run under the cursor; None on a group's line."""
        return None if self.selected in self._members else self.selected

    @property
    def selected_runs(self) -> tuple[str, ...]:
        """Keys of what is under the cursor: a run, or all members of a group."""
        if self.selected is None:
            return ()
        return self._members.get(self.selected, (self.selected,))

    def footing(self, rows: CompareRows) -> str:
        """Return what a star means, where one is shown, and what the numbers rest on."""
        return " · ".join(filter(None, [self._star, rows.footing]))

    def show_rows(self, rows: CompareRows, marks: Marks, colours: Colours) -> None:
        """Show these runs with these columns."""
        name = _NARROW_NAME if self.size.width < _NARROW else _NAME
        marked = [entry for entry in rows.entries if marks.of(entry.key)]
        metric = primary_metric(task_of(rows.entries))
        rows = replace(rows, chosen=chosen_run(marked, rows.differences, metric))
        is_searched = any(entry.is_chosen for entry in rows.entries)
        by_search = "★ chosen by the search" if is_searched else ""
        self._star = "★ chosen on val" if rows.chosen else by_search
        is_wide = self.size.width >= _WIDE
        self.set_columns(_columns(rows, marks, name, is_wide=is_wide))
        if not rows.groups:
            self._members = {}
            self.show({entry.key: _cells(entry, rows, marks, colours) for entry in rows.entries})
            return
        cells: dict[str, Cells] = {}
        self._members = {}
        for group in rows.groups:
            if len(group.members) > 1:
                key = f"{_GROUP}{group.label}"
                self._members[key] = tuple(entry.key for entry in group.members)
                cells[key] = _group_cells(group, rows, marks, colours)
            for entry in group.members:
                cells[entry.key] = _cells(entry, rows, marks, colours)
        self.show(cells)


def _columns(rows: CompareRows, marks: Marks, name_width: int, *, is_wide: bool) -> list[Column]:
    """Return the table's columns; in a narrow table the last ones are left out first."""
    columns = [Column("mark", "", 1 + _widest_letter(rows, marks))]
    first = next((column for column in rows.columns if _has_change(column)), None)
    for at, column in enumerate(rows.columns):
        header = heading_of(column, rows.entries, is_wide=is_wide) + order_mark(column, rows.sort)
        justify: Literal["left", "right"] = "left" if column.is_text else "right"
        if column.name == "run":
            name = min(_widest(rows, at), name_width)
            most = max(_widest(rows, at), len(header))
            columns.append(Column("run", header, name, grows=True, most=most))
            continue
        width = min(_WIDEST, max(_widest(rows, at), len(header)))
        rank = 2 if column is first else 2 * at + 20
        if column.name in _KEPT:
            rank = 3 + _KEPT.index(column.name)
        columns.append(Column(column.name, header, width, rank, justify))
        if column is first and column.metric is not None:
            columns += _change_columns(column, column.metric, rows)
        elif _has_change(column) and column.metric is not None:
            unit = "points" if column.metric.is_share else "change"
            header = f"{unit} of {short_label(column.metric)}"
            found = [change_text(column.metric, each) for each in _all_changes(rows)]
            width = max([_CHANGE[column.metric.is_share], len(header), *map(len, found)])
            columns.append(Column(f"{column.name} change", header, width, _BESIDE + at, "right"))
    return columns


def _change_columns(column: RunColumn, metric: Metric, rows: CompareRows) -> list[Column]:
    """Return the columns of the first metric's change, its verdict, and that from the reference."""
    usual = _CHANGE[metric.is_share]
    found = [change_text(metric, each) for each in _all_changes(rows)]
    header = f"{'points' if metric.is_share else 'change'} [95 %]"
    width = max([usual, len(header), *map(len, found)])
    columns = [Column(f"{column.name} change", header, width, 0, "right")]
    if _is_judged(column, rows):
        columns.append(Column(_VERDICT, f" {_VERDICT}", _STATE, 1))
    if _has_control(rows):
        name = f"{column.name} from reference"
        header = "points from ref." if metric.is_share else "from reference"
        columns.append(Column(name, header, width, _BESIDE, "right"))
    return columns


def _all_changes(rows: CompareRows) -> list[Differences]:
    of_groups = [each.changes for each in rows.statistics.values() if each.changes]
    return [*rows.differences.values(), *of_groups]


def _widest(rows: CompareRows, at: int) -> int:
    """Return the cells that the widest text of a column needs."""
    if rows.columns[at].name == "run":
        labels = [len(_group_title(each, rows)) for each in rows.groups if len(each.members) > 1]
        names = [len(_signs(each, rows)) + len(rows.titles[each.key]) for each in rows.entries]
        return max([*names, *labels, 1])
    means = (rows.means[group.label] for group in rows.groups if len(group.members) > 1)
    return max((len(words[at]) for words in (*rows.texts.values(), *means)), default=0)


def _widest_letter(rows: CompareRows, marks: Marks) -> int:
    """Return the cells of the widest letter: those of a second study or seed have two."""
    known = (marks.of(each.key) or marks.identities.get(each.key) for each in rows.entries)
    return max((len(mark.letter) for mark in known if mark), default=1)


def _group_title(group: Group, rows: CompareRows) -> str:
    return f"{group.label.removesuffix(f' {MISSING}')}: " + plural(
        rows.statistics[group.label].num_seeds, "seed"
    )


def _group_cells(group: Group, rows: CompareRows, marks: Marks, colours: Colours) -> Cells:
    """Return the line above a group: its label, each number's mean, and the changes over seeds."""
    first = marks.identities.get(group.members[0].key)
    strong = f"bold {colours.of(first.tint) if first else colours.accent}"
    words = zip(rows.columns, rows.means[group.label], strict=True)
    cells = {column.name: Text(text, style=strong) for column, text in words}
    found = rows.statistics[group.label].changes
    return {
        **cells,
        **_change_cells(group.members[0], found, rows, colours),
        "mark": Text(" ≡", style=strong),
        "run": Text(_group_title(group, rows), style=strong),
    }


def _cells(entry: RunRecord, rows: CompareRows, marks: Marks, colours: Colours) -> Cells:
    """Return the cells of a run; one that is not marked, so in no chart, is muted."""
    mark = marks.of(entry.key)
    known = mark or marks.identities.get(entry.key)
    star = "★" if entry.key == rows.chosen and not entry.is_chosen else " "
    letter = Text(f"{star}{known.letter}" if known else "", style=colours.muted)
    if mark:
        letter.stylize(f"bold {colours.of(mark.tint)}")
    cells = {"mark": letter}
    for column, words in zip(rows.columns, rows.texts[entry.key], strict=True):
        cells[column.name] = Text(words, style="" if mark else colours.muted)
    style = colours.strong if mark and not entry.is_probe else colours.muted
    cells["run"] = Text(f"{_signs(entry, rows)}{rows.titles[entry.key]}", style=style)
    return {**cells, **_change_cells(entry, rows.differences.get(entry.key), rows, colours)}


def _signs(entry: RunRecord, rows: CompareRows) -> str:
    """Return the signs before a run's name: the pin, and its role in a search."""
    made = "○ " if entry.is_probe else "★ " if entry.is_chosen else ""
    return f"{'» ' * (entry.key == rows.pin)}{made}"


def _change_cells(
    entry: RunRecord, found: Differences | None, rows: CompareRows, colours: Colours
) -> Cells:
    """Return the change of the first metric with its verdict; a baseline has neither."""
    column = next((column for column in rows.columns if _has_change(column)), None)
    if column is None or column.metric is None:
        return {}
    metric = column.metric
    main = from_control(found) if _has_control(rows) and not rows.pin else found
    change = change_text(metric, main)
    without = SEALED if entry.result.is_sealed else MISSING
    cells = {f"{column.name} change": Text(change or without, style=colours.muted)}
    if main is not None and change:
        verdict = main.verdict(metric, entry.margin) if entry.folder.is_compared else None
        cells[f"{column.name} change"] = Text(change, style=verdict_hue(verdict, colours))
        if verdict is not None and _is_judged(column, rows):
            cells[_VERDICT] = verdict_text(verdict, colours)
    beside = change_text(metric, from_reference(found) if found else None)
    cells[f"{column.name} from reference"] = Text(beside, style=colours.muted)
    for other in filter(_has_change, rows.columns):
        if other is not column and other.metric is not None:
            text = change_text(other.metric, main)
            cells[f"{other.name} change"] = Text(text, style=colours.muted)
    return cells


def verdict_text(verdict: Verdict, colours: Colours) -> Text:
    """Return the state with its sign; the Subgroups tab has the details."""
    return Text(f" {describe_state(verdict)}", style=verdict_hue(verdict, colours) or colours.good)


def describe_state(verdict: Verdict) -> str:
    """Return the sign and the words of a verdict: `✓ non-inferior`, `· too few`."""
    match verdict.state:
        case "worse":
            return "✗ worse"
        case "non-inferior":
            return "✓ non-inferior"
        case "not shown" | "not judged":
            return "· too few" if verdict.is_few else "~ not shown"
        case other:
            assert_never(other)


def verdict_hue(verdict: Verdict | None, colours: Colours) -> str:
    """Return the colour of a change: empty, that of text, where it is no worse than accepted."""
    if verdict is None:
        return colours.muted
    match verdict.state:
        case "worse":
            return colours.states["failed"]
        case "non-inferior":
            return ""
        case "not shown" | "not judged":
            return colours.muted if verdict.is_few else colours.warning
        case other:
            assert_never(other)


def _has_control(rows: CompareRows) -> bool:
    """Return whether changes from the reference stand beside those from the control."""
    return any(each.from_reference for each in rows.differences.values())


def _has_change(column: RunColumn) -> bool:
    return column.metric is not None and column.split == "test"


def _is_judged(column: RunColumn, rows: CompareRows) -> bool:
    """Return whether verdicts are on the change of this column's metric: the primary one."""
    return _has_change(column) and column.metric is primary_metric(task_of(rows.entries))
