"""Compare's table: a run a row, its mark in front, each metric with its change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rich.text import Text
from textual.binding import Binding

from medtui.analysis.columns import Column as Fact
from medtui.analysis.differences import Differences, difference_text
from medtui.analysis.groups import Group
from medtui.analysis.run_record import RunRecord
from medtui.charts.palette import Colours
from medtui.charts.selection import Marks
from medtui.tui.widgets.table import Cells, Column, RecordTable

_WIDEST = 24
"""Cells of a column at most; the run's name grows beyond where there is room."""

_GROUP = "group: "
"""What the keys of groups' lines begin with; no run's does."""

_SIGN = 2
"""Cells before a run's name for what a search made of it."""

_CHANGE = 23
"""Cells of a change with its interval."""


@dataclass(frozen=True)
class TableView:
    """What the table shows."""

    entries: tuple[RunRecord, ...]
    """In order."""
    facts: tuple[Fact, ...]
    found: Mapping[str, Differences]
    """Run to its differences, as far as they are worked out."""
    pin: str
    """Key of the baseline; empty where each run's own reference is."""
    texts: Mapping[str, tuple[str, ...]]
    """Run to its facts in words: some are read from files, which a screen does not."""
    groups: tuple[Group, ...] = ()
    """Runs that stand together, below their mean where they are several; none ungrouped."""
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A group's label to its facts in words."""
    probes: str = ""
    """How many probes there are among the runs, shown or hidden; empty where there are none."""


class CompareTable(RecordTable):
    """All finished runs that the filter lets through."""

    BINDINGS = [
        Binding("enter", "select_cursor", "Mark", show=False, tooltip="Does what space does"),
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

    def show_view(self, view: TableView, marks: Marks, colours: Colours) -> None:
        """Show these runs with these facts."""
        self.set_columns(_columns(view))
        if not view.groups:
            self._members = {}
            self.show({entry.key: _cells(entry, view, marks, colours) for entry in view.entries})
            return
        rows: dict[str, Cells] = {}
        self._members = {}
        for group in view.groups:
            if len(group.members) > 1:
                key = f"{_GROUP}{group.label}"
                self._members[key] = tuple(entry.key for entry in group.members)
                rows[key] = _group_cells(group, view, colours)
            for entry in group.members:
                rows[entry.key] = _cells(entry, view, marks, colours)
        self.show(rows)


def _columns(view: TableView) -> list[Column]:
    """Give the table's columns; those named first leave last when it is narrow."""
    columns = [Column("mark", "", 2)]
    first = next((fact for fact in view.facts if _has_change(fact)), None)
    for at, fact in enumerate(view.facts):
        every = (*view.texts.values(), *view.means.values())
        widest = max((len(words[at]) for words in every), default=0)
        width = min(_WIDEST, max(widest, len(fact.label)))
        is_name = fact.name == "run"
        if is_name and any(entry.is_probe or entry.is_chosen for entry in view.entries):
            width += _SIGN
        rank = 0 if is_name or fact is first else 2 * at + 2
        justify: Literal["left", "right"] = "left" if fact.is_text else "right"
        columns.append(Column(fact.name, fact.label, width, rank, justify, grows=is_name))
        if _has_change(fact):
            columns.append(Column(f"{fact.name} change", "change", _CHANGE, rank + 1, "right"))
    return columns


def _group_cells(group: Group, view: TableView, colours: Colours) -> Cells:
    """Give the line above a group: its label, and each number's mean and spread."""
    strong = f"bold {colours.accent}"
    words = zip(view.facts, view.means[group.label], strict=True)
    cells = {fact.name: Text(text, style=strong) for fact, text in words}
    return cells | {
        "mark": Text("≡", style=strong),
        "run": Text(f"{group.label}: {len(group.members)} runs", style=strong),
    }


def _has_change(fact: Fact) -> bool:
    return fact.metric is not None and fact.split == "test"


def _signs(entry: RunRecord, view: TableView) -> str:
    """Give what stands before a run's name: the pin, and what a search made of the run."""
    made = "○ " if entry.is_probe else "★ " if entry.is_chosen else ""
    return f"{'◆ ' * (entry.key == view.pin)}{made}"


def _cells(entry: RunRecord, view: TableView, marks: Marks, colours: Colours) -> Cells:
    mark = marks.of(entry.key)
    sign = Text(mark.letter if mark else "")
    if mark:
        sign.stylize(f"bold {colours.of(mark.tint)}")
    cells = {"mark": sign}
    of_run = view.found.get(entry.key)
    for fact, words in zip(view.facts, view.texts[entry.key], strict=True):
        cells[fact.name] = Text(words)
        if fact.name == "run":
            style = colours.muted if entry.is_probe else colours.strong
            cells["run"] = Text(f"{_signs(entry, view)}{words}", style=style)
        if fact.metric is not None and of_run is not None:
            difference = of_run.by_metric.get(fact.metric.name)
            text = Text(difference_text(fact.metric, difference), style=colours.muted)
            if difference is not None and difference.is_clear:
                is_worse = (difference.value < 0) == fact.metric.higher_is_better
                text.stylize(colours.warning if is_worse else colours.good)
            cells[f"{fact.name} change"] = text
    return cells
