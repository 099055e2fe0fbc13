"""The state of Compare, without a screen: runs, order, columns, marks, pin, tabs."""

from pathlib import Path

import pytest

from medtui.charts.palette import DARK
from medtui.errors import UsageError
from medtui.tui.compare.model import ComparisonLoader
from medtui.tui.compare.rows import TableOptions
from medtui.tui.compare.state import GROUPINGS, CompareState
from medtui.tui.compare.table_title import describe_table
from medtui.tui.compare.tabs import (
    CHANGE,
    SIZE,
    SUBGROUPS,
    TABS,
    describe_tabs,
    label_tabs,
    tab_at,
)
from tests.helpers.searched_study import PROBES, write_searched_study


@pytest.fixture
def state(runs_dir: Path) -> CompareState:
    """Return the state over a study with a search: five runs, two of low fidelity."""
    write_searched_study(runs_dir)
    state = CompareState()
    state.take(ComparisonLoader(runs_dir).load())
    return state


def _names(state: CompareState) -> list[str]:
    return [entry.folder.name for entry in state.shown]


def test_the_first_runs_are_marked_and_later_ones_are_not(state: CompareState) -> None:
    """Marks follow the runs that were shown at first, and lose those that are gone."""
    keys = [mark.key for mark in state.marks]
    assert keys == [entry.key for entry in state.shown]
    gone, *rest = state.runs.entries
    state.take(type(state.runs)(tuple(rest)))
    assert [mark.key for mark in state.marks] == [key for key in keys if key != gone.key]
    state.take(type(state.runs)((gone, *rest)))
    assert gone.key not in {mark.key for mark in state.marks}


def test_runs_that_were_named_are_marked_alone(runs_dir: Path) -> None:
    """A low-fidelity run among them shows all low-fidelity runs."""
    write_searched_study(runs_dir)
    named = (f"cells/{PROBES[0]}",)
    state = CompareState(initially_marked=named)
    state.take(ComparisonLoader(runs_dir).load())
    assert [mark.key for mark in state.marks] == list(named)
    assert set(PROBES) <= set(_names(state))


def test_low_fidelity_runs_are_hidden_and_lose_their_marks(state: CompareState) -> None:
    """Shown, they can be marked; hidden again, they are not compared."""
    assert not set(PROBES) & set(_names(state))
    state.toggle_low_fidelity()
    assert set(PROBES) <= set(_names(state))
    state.toggle_marks([f"cells/{PROBES[0]}"])
    assert state.marks.of(f"cells/{PROBES[0]}")
    state.toggle_low_fidelity()
    assert not state.marks.of(f"cells/{PROBES[0]}")


def test_half_a_filter_shows_all_runs(state: CompareState) -> None:
    """A whole one shows those that fulfil it."""
    everything = _names(state)
    state.set_filter("density<")
    assert _names(state) == everything
    state.set_filter("density<0.2")
    assert set(_names(state)) == {"prune-0.1", "prune-0.1-s1"}


def test_marks_of_a_group_are_toggled_together(state: CompareState) -> None:
    """Where one is missing, all are marked; where none is, none."""
    first, second = (entry.key for entry in state.shown[:2])
    state.toggle_marks([first])
    state.toggle_marks([first, second])
    assert state.marks.of(first)
    assert state.marks.of(second)
    state.toggle_marks([first, second])
    assert not state.marks.of(first)
    assert not state.marks.of(second)
    state.toggle_all_marks()
    assert len(state.marks) == len(state.shown)
    state.toggle_all_marks()
    assert len(state.marks) == 0


def test_a_pin_drops_the_differences_from_the_former_baseline(state: CompareState) -> None:
    """Pinned a second time, a run is the baseline no more."""
    key = state.shown[1].key
    state.differences[key] = object()  # type: ignore[assignment] - any value
    state.toggle_pin(key)
    assert state.pinned_key == key
    assert not state.differences
    state.toggle_pin(key)
    assert state.pin is None


def test_an_order_keeps_baselines_on_top_and_new_runs_behind(state: CompareState) -> None:
    """The same column again reverses; a run that finishes later is not sorted in."""
    *early, late = (entry for entry in state.runs.entries if not entry.is_probe)
    state.take(type(state.runs)(tuple(early)))
    state.order_by("accuracy")
    assert state.options.sort == "-accuracy"
    assert _names(state)[0] == "reference"
    falling = _names(state)[1:]
    values = [entry.metric("test", "accuracy") for entry in state.shown[1:]]
    assert values == sorted(values, reverse=True)
    state.take(type(state.runs)((*early, late)))
    assert _names(state) == ["reference", *falling, late.folder.name]
    state.order_by("accuracy")
    assert state.options.sort == "accuracy"
    state.order_by("")
    assert not state.options.sort


def test_marked_runs_that_the_filter_hides_leave_the_charts(state: CompareState) -> None:
    """They stay marked, and the title counts them."""
    assert len(state.marked) == 5
    state.set_filter("scheme=Prune")
    assert sorted(run.title for run in state.marked) == ["Prune 0.1 seed 0", "Prune 0.1 seed 1"]
    title = describe_table(state, state.prepare_rows()())
    assert "2 of 5 runs of cells, 2 marked · 3 marked not shown" in title
    state.set_filter("")
    assert len(state.marked) == 5


def test_columns_are_chosen_by_name_and_unknown_ones_refused(state: CompareState) -> None:
    """The run's name is always there; a refused choice changes nothing."""
    state.set_columns("density, scheme")
    assert [column.name for column in state.columns] == ["run", "density", "scheme"]
    with pytest.raises(UsageError, match="no column"):
        state.set_columns("nonsense")
    assert state.options.columns == "density, scheme"


def test_the_title_states_filter_groups_and_baseline(state: CompareState) -> None:
    """What the table leaves out, and what changes are against, can be read above it."""
    state.options = TableOptions("cells", "-density", group=GROUPINGS[1])
    assert describe_table(state, state.prepare_rows()()) == (
        "5 of 5 runs of cells, 5 marked · P shows 2 low-fidelity runs"
        " · cells · grouped by scheme · against ◇ reference, which trained less: no control"
    )


def test_rows_are_made_in_words(state: CompareState) -> None:
    """One text a column, for each run shown; groups have their means."""
    state.options = TableOptions(group=GROUPINGS[1])
    rows = state.prepare_rows()()
    assert [entry.key for entry in rows.entries] == [entry.key for entry in state.shown]
    assert {len(texts) for texts in rows.texts.values()} == {len(rows.columns)}
    assert {group.label for group in rows.groups} == set(rows.means)


def test_a_tab_chosen_again_shows_its_other_side(state: CompareState) -> None:
    """Another tab begins with its first side; after the last comes the first again."""
    assert state.choose_tab(SIZE)
    assert state.side == 0
    assert not state.choose_tab(SIZE)
    assert state.side == 1
    assert state.choose_tab("Memory")
    sides = [state.side, *(state.choose_tab("Memory") or state.side for _ in range(3))]
    assert sides == [0, 1, 2, 0]


def test_names_of_tabs_are_dropped_from_the_last_on() -> None:
    """The current one keeps its name, and a click means what is drawn there."""
    assert label_tabs(CHANGE, 120) == [f"{at} {tab}" for at, tab in enumerate(TABS, 1)]
    drawn = describe_tabs(CHANGE, 80, DARK).plain
    assert len(drawn) == 80
    assert drawn.endswith("6 Class 7 Groups 8 Calib 9 Settings")
    assert tab_at(drawn.index("7 Groups"), CHANGE, 80) == SUBGROUPS
    narrow = label_tabs("Settings", 60)
    assert narrow[:3] == ["1 Change", "2 Curves", "3 Size"]
    assert narrow[-2:] == ["8", "9 Settings"]
    assert sum(len(label) + 1 for label in narrow) <= 60
    assert tab_at(1, CHANGE, 120) == CHANGE
    assert tab_at(11, CHANGE, 120) == "Curves"
    assert tab_at(119, CHANGE, 120) is None
