"""Home: all studies of the runs folder, and the runs of the one under the cursor."""

from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message

from medtui.monitor.run_summary import RunSummary
from medtui.monitor.snapshot import Snapshot
from medtui.monitor.study_order import ORDERS, Order, choose_studies
from medtui.monitor.study_summary import StudySummary
from medtui.tui.actions.messages import (
    DeleteRequested,
    NoteRequested,
    RestoreRequested,
    ResumeRequested,
    StopRequested,
)
from medtui.tui.bindings import bind
from medtui.tui.clipboard import copy_text
from medtui.tui.screens.refusals import refusal
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.study_list import RunTable, StudyTable
from medtui.tui.widgets.table import RecordTable
from medtui.tui.widgets.title_bar import TitleBar
from medtui.tui.widgets.welcome import Welcome


class HomeScreen(SnapshotScreen):
    """The first screen."""

    HELP = (
        "The upper table lists all studies, running ones first. The lower table lists the runs of "
        "the study under the cursor. A study is one start of a preset: its reference, and one run "
        "for each scheme, density and seed. Press Enter on a study to move to its runs, and on a "
        "run to open it."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]

    AUTO_FOCUS = ""

    NOTHING_TO_CLOSE = "Nothing to close: this is the first screen, and q quits."

    BINDINGS = [
        bind("new", "new", "New study", "Set up a study from a preset"),
        bind("stop", "stop", "Stop", "Stop the study, or the run under the cursor"),
        bind("resume", "resume", "Resume", "Resume the unfinished runs of the study"),
        bind("filter", "filter", "Filter", "Filter studies by name, scheme, state or note"),
        bind("order", "order", "Order", "Order studies by newest, name or best val"),
        bind("compare", "compare", "Compare", "Compare the marked runs, or all runs of the study"),
        bind("mark", "mark", "Mark", "Mark the run under the cursor for Compare", shown=False),
        bind("note", "note", "Note", "Edit the note of the study", shown=False),
        bind("delete", "delete", "Delete", "Move the study to the trash, after a confirmation",
             shown=False),
        bind("restore", "restore", "Undo", "Restore the study that was deleted last", shown=False),
        bind("copy", "copy", "Copy", "Copy the table of runs", shown=False),
        bind("next_run", "next_study(1)", "Next study", "Move to the next study", shown=False),
        bind("next_run_back", "next_study(-1)", "Previous study", "Move to the previous study",
             shown=False),
        bind("close", "close", "Studies", "Move to the table of studies", shown=False),
        bind("back", "back", "Back", "Move to the table of studies", shown=False),
    ]  # fmt: skip

    _filter = ""
    _order: Order = "newest"
    _marked: frozenset[str] = frozenset()
    """Keys of the runs that will be compared."""

    @dataclass
    class RunRequested(Message):
        """Open a run's screen."""

        key: str
        """`study/run`."""

    @dataclass
    class CompareRequested(Message):
        """Compare runs."""

        marked: tuple[str, ...]
        """Keys of the marked runs; empty marks those that are shown."""
        filter: str
        """Expression for the runs that are shown."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield Welcome()
        yield StudyTable()
        yield RunTable()
        yield FilterInput(placeholder="filter studies by name, scheme, state or note")
        yield KeyBar()

    def show(self, snapshot: Snapshot) -> None:
        has_studies = bool(snapshot.studies)
        self.query_one(Welcome).display = not has_studies
        studies = self.query_one(StudyTable)
        studies.display = self.query_one(RunTable).display = has_studies
        chosen = choose_studies(snapshot.studies, self._filter, self._order)
        studies.show_studies(chosen, self.colours, self.now)
        studies.caption(self._caption(len(chosen)))
        self._show_runs()
        self.query_one(TitleBar).show(
            Text("medtui  Studies", style="bold"), self._summary(snapshot)
        )
        if has_studies and self.focused is None:
            studies.focus()

    def on_data_table_row_highlighted(self, event: RecordTable.RowHighlighted) -> None:
        """Show the runs of the study under the cursor."""
        if isinstance(event.data_table, StudyTable):
            self._show_runs()

    def on_data_table_row_selected(self, event: RecordTable.RowSelected) -> None:
        """Go from the study to its runs, or open the run."""
        if isinstance(event.data_table, StudyTable):
            self._enter_runs()
        elif event.row_key.value is not None:
            self.post_message(self.RunRequested(event.row_key.value))

    def close_layer(self) -> bool:
        """Go from the runs to the studies."""
        if self.query_one(StudyTable).has_focus:
            return False
        self.query_one(StudyTable).focus()
        return True

    def action_back(self) -> None:
        """Do the same as Escape: no screen is before Home."""
        self.action_close()

    def action_next_study(self, step: int) -> None:
        """Move the cursor of the studies, wherever the focus is."""
        table = self.query_one(StudyTable)
        table.move_cursor(row=table.cursor_row + step, animate=False)

    def why_not(self, action: str) -> str:
        """Return why an action can do nothing for the study under the cursor."""
        return refusal(action, self.study)

    def action_filter(self) -> None:
        self.query_one(FilterInput).open()

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        self._filter = message.text
        self.reshow()

    def action_order(self) -> None:
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self.reshow()

    def action_copy(self) -> None:
        self.notify(copy_text(self.app, self.query_one(RunTable).as_text()), markup=False)

    def action_note(self) -> None:
        if self.study is not None:
            self.post_message(NoteRequested(self.study))

    def action_delete(self) -> None:
        if self.study is not None:
            self.post_message(DeleteRequested(self.study))

    def action_restore(self) -> None:
        self.post_message(RestoreRequested())

    def action_mark(self) -> None:
        """Mark or unmark the run under the cursor."""
        if self.run is not None:
            self._marked ^= {self.run.key}
            self._show_runs()

    def action_compare(self) -> None:
        """Compare the marked runs, or those of the study where none is marked."""
        if self._marked:
            self.post_message(self.CompareRequested(tuple(sorted(self._marked)), ""))
        elif self.study is not None:
            self.post_message(self.CompareRequested((), f"study={self.study.name}"))

    def action_new(self) -> None:
        from medtui.tui.editor.new_study_screen import NewStudyScreen

        self.app.push_screen(NewStudyScreen())

    def action_stop(self) -> None:
        if self.study is not None:
            self.post_message(StopRequested(self.study, self.run))

    def action_resume(self) -> None:
        if self.study is not None:
            self.post_message(ResumeRequested(self.study, self.run))

    @property
    def study(self) -> StudySummary | None:
        """The study under the cursor."""
        name = self.query_one(StudyTable).selected
        return self.snapshot.study(name) if self.snapshot and name else None

    @property
    def run(self) -> RunSummary | None:
        """The run under the cursor; None unless the runs have the focus."""
        table = self.query_one(RunTable)
        if self.study is None or not table.has_focus:
            return None
        return next((run for run in self.study.runs if run.key == table.selected), None)

    def _enter_runs(self) -> None:
        table = self.query_one(RunTable)
        table.focus()
        if self.study is not None and self.study.live_run is not None:
            table.select(self.study.live_run.key)

    def _show_runs(self) -> None:
        self.query_one(RunTable).show_study(self.study, self.colours, self._marked)

    def _caption(self, count: int) -> str:
        title = "Studies" if self._order == "newest" else f"Studies by {self._order}"
        return f"{title}: {count} matching {self._filter!r}" if self._filter else title

    def _summary(self, snapshot: Snapshot) -> Text:
        if snapshot.problem:
            return Text(f"⚠ {snapshot.problem}", style=self.colours.warning)
        count = len(snapshot.studies)
        text = Text(f"{count} stud{'y' if count == 1 else 'ies'}", style=self.colours.muted)
        if snapshot.num_live:
            live = Text(f"● {snapshot.num_live} running", style=self.colours.states["running"])
            text = Text.assemble(live, "  ", text)
        return text
