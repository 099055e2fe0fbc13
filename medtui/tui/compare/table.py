"""Compare's table: one row per run, with its mark and the change of each metric."""

from typing import Literal, assert_never

from rich.text import Text

from medtui.analysis.column import Column as RunColumn
from medtui.analysis.differences import Differences, from_control, from_reference
from medtui.analysis.group_statistics import change_text
from medtui.analysis.groups import Group
from medtui.analysis.run_record import RunRecord, task_of
from medtui.charts.palette import Colours
from medtui.charts.selection import Marks
from medtui.metrics import Metric, primary_metric
from medtui.tui.bindings import bind
from medtui.tui.compare.rows import CompareRows
from medtui.tui.widgets.table import Cells, Column, RecordTable
from medtui.units import plural

_WIDEST = 24
"""Cells of a column at most; the run's name grows beyond where there is space."""

_GROUP = "group: "
"""Prefix of the keys of groups' rows; no key of a run begins with it."""

_SIGN = 2
"""Cells before a run's name for its role in a search."""

_CHANGE = 23
"""Cells of a change with its interval."""

_VERDICT = "verdict"
_STATE = 12
"""Cells of a verdict's state: `non-inferior`."""


class CompareTable(RecordTable):
    """All finished runs that match the filter."""

    BINDINGS = [
        bind(
            "open", "select_cursor", "Mark", "Mark or unmark the run under the cursor", shown=False
        ),
    ]

    def __init__(self) -> None:
        super().__init__((Column("run", "run", 20, grows=True),), id="compared")
        self._members: dict[str, tuple[str, ...]] = {}

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

    def show_rows(self, rows: CompareRows, marks: Marks, colours: Colours) -> None:
        """Show these runs with these columns."""
        self.set_columns(_columns(rows))
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
                cells[key] = _group_cells(group, rows, colours)
            for entry in group.members:
                cells[entry.key] = _cells(entry, rows, marks, colours)
        self.show(cells)


def _columns(rows: CompareRows) -> list[Column]:
    """Return the table's columns; in a narrow table the last ones are left out first."""
    columns = [Column("mark", "", 2)]
    first = next((column for column in rows.columns if _has_change(column)), None)
    for at, column in enumerate(rows.columns):
        means = (rows.means[group.label] for group in rows.groups if len(group.members) > 1)
        every = (*rows.texts.values(), *means)
        widest = max((len(words[at]) for words in every), default=0)
        width = min(_WIDEST, max(widest, len(column.label)))
        is_name = column.name == "run"
        if is_name and any(entry.is_probe or entry.is_chosen for entry in rows.entries):
            width += _SIGN
        rank = 0 if is_name or column is first else 2 * at + 2
        justify: Literal["left", "right"] = "left" if column.is_text else "right"
        columns.append(Column(column.name, column.label, width, rank, justify, grows=is_name))
        if _has_change(column):
            columns.append(Column(f"{column.name} change", "change", _CHANGE, rank + 1, "right"))
        if _is_judged(column, rows):
            columns.append(Column(_VERDICT, _VERDICT, _STATE, rank + 1))
        if column is first and _has_control(rows):
            name = f"{column.name} from reference"
            columns.append(Column(name, "vs reference", _CHANGE, rank + 2, "right"))
    return columns


def _group_cells(group: Group, rows: CompareRows, colours: Colours) -> Cells:
    """Return the line above a group: its label, each number's mean, and the changes over seeds."""
    strong = f"bold {colours.accent}"
    words = zip(rows.columns, rows.means[group.label], strict=True)
    cells = {column.name: Text(text, style=strong) for column, text in words}
    found = rows.statistics[group.label]
    main = from_control(found.changes) if _has_control(rows) else found.changes
    beside = from_reference(found.changes) if found.changes else None
    for column in filter(_has_change, rows.columns):
        assert column.metric is not None, "only metrics have a change"
        if main is not None:
            cells[f"{column.name} change"] = _change(column.metric, main, colours)
            if _is_judged(column, rows):
                cells[_VERDICT] = _verdict(group.members[0], column.metric, main, colours)
        text = change_text(column.metric, beside)
        cells[f"{column.name} from reference"] = Text(text, style=colours.muted)
    return cells | {
        "mark": Text("≡", style=strong),
        "run": Text(f"{group.label}: {plural(found.num_seeds, 'seed')}", style=strong),
    }


def _has_control(rows: CompareRows) -> bool:
    """Return whether changes from the reference stand beside those from the control."""
    return any(each.from_reference for each in rows.differences.values())


def _has_change(column: RunColumn) -> bool:
    return column.metric is not None and column.split == "test"


def _is_judged(column: RunColumn, rows: CompareRows) -> bool:
    """Return whether verdicts are on the change of this column's metric: the primary one."""
    return _has_change(column) and column.metric is primary_metric(task_of(rows.entries))


def _verdict(entry: RunRecord, metric: Metric, of_run: Differences, colours: Colours) -> Text:
    """Return the state alone; the Subgroups tab has the details."""
    verdict = of_run.verdict(metric, entry.margin)
    match verdict.state:
        case "worse":
            return Text(f"✗ {verdict.state}", style=colours.states["failed"])
        case "non-inferior":
            return Text(verdict.state, style=colours.good)
        case "not shown" | "not judged":
            return Text(verdict.state, style=colours.muted)
        case other:
            assert_never(other)


def _signs(entry: RunRecord, rows: CompareRows) -> str:
    """Return the signs before a run's name: the pin, and its role in a search."""
    made = "○ " if entry.is_probe else "★ " if entry.is_chosen else ""
    return f"{'◆ ' * (entry.key == rows.pin)}{made}"


def _cells(entry: RunRecord, rows: CompareRows, marks: Marks, colours: Colours) -> Cells:
    mark = marks.of(entry.key)
    sign = Text(mark.letter if mark else "")
    if mark:
        sign.stylize(f"bold {colours.of(mark.tint)}")
    cells = {"mark": sign}
    of_run = rows.differences.get(entry.key)
    main = from_control(of_run) if _has_control(rows) else of_run
    beside = from_reference(of_run) if of_run else None
    for column, words in zip(rows.columns, rows.texts[entry.key], strict=True):
        cells[column.name] = Text(words)
        if column.name == "run":
            style = colours.muted if entry.is_probe else colours.strong
            cells["run"] = Text(f"{_signs(entry, rows)}{words}", style=style)
        if column.metric is None:
            continue
        if main is not None:
            cells[f"{column.name} change"] = _change(column.metric, main, colours)
            if _is_judged(column, rows):
                cells[_VERDICT] = _verdict(entry, column.metric, main, colours)
        text = change_text(column.metric, beside)
        cells[f"{column.name} from reference"] = Text(text, style=colours.muted)
    return cells


def _change(metric: Metric, of_run: Differences, colours: Colours) -> Text:
    """Return a change with its interval; a clear one is coloured."""
    difference = of_run.by_metric.get(metric.name)
    text = Text(change_text(metric, of_run), style=colours.muted)
    if difference is not None and difference.is_clear:
        is_worse = (difference.value < 0) == metric.higher_is_better
        text.stylize(colours.warning if is_worse else colours.good)
    return text
