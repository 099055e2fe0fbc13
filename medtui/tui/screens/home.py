"""Home: all studies of the runs folder, and the runs of the one under the cursor."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message

from medtui.errors import UsageError
from medtui.monitor.snapshot import Snapshot, studies_finished_between
from medtui.monitor.study_order import ORDERS, Order, choose_studies
from medtui.monitor.study_summary import StudySummary
from medtui.tui.home.actions import HomeActions
from medtui.tui.home.bindings import HOME_BINDINGS
from medtui.tui.home.machine_pane import MachinePane
from medtui.tui.screens.outcome_worker import OutcomeWorker
from medtui.tui.widgets.filter_input import FilterInput
from medtui.tui.widgets.key_bar import KeyBar
from medtui.tui.widgets.study_list import RunTable, StudyTable
from medtui.tui.widgets.study_pane import StudyPane
from medtui.tui.widgets.study_picture import StudyPicture
from medtui.tui.widgets.study_text import about_study, folder_state
from medtui.tui.widgets.table import RecordTable
from medtui.tui.widgets.title_bar import TitleBar
from medtui.tui.widgets.welcome import Welcome
from medtui.units import plural


class HomeScreen(HomeActions):
    """The first screen."""

    HELP = (
        "The upper table lists all studies, running ones first; in a narrow terminal one line "
        "shows a study, and , and . go to others. A study is one start of a preset: its "
        "reference, and one run for each scheme, density and seed. Below are the runs of the "
        "study under the cursor: the change against the control with its 95 % interval, with "
        "✓ non-inferior, ~ not shown, ✗ worse. The picture shows the metric on test by size, "
        "with the margin as a band and a live run as a ring. Enter on a study goes to its runs, "
        "on a run or a point it opens the run. The sentence names the smallest compression whose "
        "interval on val excludes a loss of the margin."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (70, "-narrow"), (100, "-wide"), (160, "-broad")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall"), (50, "-towering")]

    AUTO_FOCUS = ""

    NOTHING_TO_CLOSE = "Nothing to close: this is the first screen, and q quits."

    BINDINGS = [*HOME_BINDINGS]

    _filter = ""
    _filter_problem = ""
    """Why the filter cannot be used, as while it is being typed."""
    _order: Order = "newest"
    _shown = ""
    """The study whose runs are shown."""
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
        study: str
        """Name of the study whose runs are shown; empty shows all."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield Welcome()
        yield StudyTable()
        yield StudyPane()
        yield FilterInput(placeholder="name, note or state; scheme=Prune acc>90% OR NOT has:note")
        yield KeyBar()

    @cached_property
    def _outcomes(self) -> OutcomeWorker:
        return OutcomeWorker(self.app, getattr(self.app, "runs_dir", Path()), self.reshow)

    def on_mount(self) -> None:
        """Show what is being read, with the first frame."""
        folder = str(getattr(self.app, "runs_dir", ""))
        self._show_title(Text(f"reading {folder}", style=self.colours.muted))
        self.query_one(StudyTable).caption(self._caption(0))

    def _show_title(self, state: Text) -> None:
        self.query_one(TitleBar).show(Text("medtui  Home", style="bold"), state)

    def receive(self, snapshot: Snapshot) -> None:
        """Store a snapshot; announce studies that ended, also while another screen is shown."""
        for study in studies_finished_between(self.snapshot, snapshot):
            self._outcomes.announce(study)
        super().receive(snapshot)

    def on_study_pane_ready(self) -> None:
        self.reshow()

    def show(self, snapshot: Snapshot) -> None:
        if not all(self.query(part) for part in (StudyTable, StudyPane, TitleBar, Welcome)):
            return  # the application is ending, and its parts are removed one by one
        if not self.query_one(StudyPane).is_ready:
            return
        has_studies = bool(snapshot.studies)
        self.set_class(not has_studies, "-empty")
        if not has_studies:
            folder = str(getattr(self.app, "runs_dir", ""))
            self.query_one(Welcome).show_start(self.colours, folder)
        studies = self.query_one(StudyTable)
        chosen = self._choose(snapshot)
        outcomes = {study.name: self._outcomes.latest(study) for study in chosen}
        studies.show_studies(chosen, outcomes, self.colours, self.now)
        self._show_study()
        self.query_one(MachinePane).show_studies(snapshot.studies, self.chart_style, self.now)
        self._show_title(self._filter_state(len(chosen)) or folder_state(snapshot, self.colours))
        if has_studies and self.focused is None:
            self._first_pane().focus()
        self.refresh_bindings()

    def _choose(self, snapshot: Snapshot) -> tuple[StudySummary, ...]:
        """Return the studies that match the filter; all of them where it cannot be used."""
        self._filter_problem = ""
        try:
            return choose_studies(snapshot.studies, self._filter, self._order)
        except UsageError as error:
            self._filter_problem = str(error).replace("\n", " ")
            return choose_studies(snapshot.studies, "", self._order)

    def _filter_state(self, count: int) -> Text:
        """Return what the filter does, for the title; empty without one."""
        if self._filter_problem:
            return Text(f"⚠ {self._filter_problem}", self.colours.warning)
        if not self._filter:
            return Text()
        return Text(f"{plural(count, 'study')} with {self._filter}", self.colours.accent)

    def on_data_table_row_highlighted(self) -> None:
        """Show the runs of the study under the cursor, or light the run."""
        self._show_study()

    def on_study_picture_point_reached(self, message: StudyPicture.PointReached) -> None:
        """Move the cursor of the runs with that of the picture."""
        self.query_one(RunTable).select(message.key)
        self._show_study()

    def on_study_picture_point_opened(self, message: StudyPicture.PointOpened) -> None:
        self.post_message(self.RunRequested(message.key))

    def on_data_table_row_selected(self, event: RecordTable.RowSelected) -> None:
        """Go from the study to its runs, or open the run."""
        if isinstance(event.data_table, StudyTable):
            self.query_one(RunTable).focus()
        elif event.row_key.value is not None:
            self.post_message(self.RunRequested(event.row_key.value))

    def close_layer(self) -> bool:
        """Go back to the first pane."""
        first = self._first_pane()
        if first.has_focus:
            return False
        first.focus()
        return True

    def action_widen(self, step: int) -> None:
        """Make the runs wider or narrower, beside their picture."""
        self.query_one(StudyPane).widen(step)
        self.call_after_refresh(self.reshow)

    def action_back(self) -> None:
        """Do the same as Escape: no screen is before Home."""
        self.action_close()

    def action_next_study(self, step: int) -> None:
        """Move the cursor of the studies, wherever the focus is."""
        table = self.query_one(StudyTable)
        table.move_cursor(row=table.cursor_row + step, animate=False)
        self._show_study()

    def action_filter(self) -> None:
        self.query_one(FilterInput).open()

    def on_filter_input_filter_changed(self, message: FilterInput.FilterChanged) -> None:
        self._filter = message.text
        self.reshow()

    def action_order(self) -> None:
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self.reshow()

    def action_mark(self) -> None:
        """Mark or unmark the run under the cursor."""
        if self.run is not None:
            self._marked ^= {self.run.key}
            self._show_study()

    def action_compare(self) -> None:
        """Compare the marked runs, or those of the study where none is marked."""
        if self._marked:
            self.post_message(self.CompareRequested(tuple(sorted(self._marked)), ""))
        elif self.study is not None:
            self.post_message(self.CompareRequested((), self.study.name))

    def _first_pane(self) -> RecordTable:
        """Return the studies; in a narrow terminal, where these are one line, the runs."""
        studies = self.query_one(StudyTable)
        return studies if studies.display else self.query_one(RunTable)

    def _show_study(self) -> None:
        """Show the study under the cursor, and see that it is compared."""
        study, table = self.study, self.query_one(StudyTable)
        table.caption(self._caption(table.row_count), about_study(study, self.colours)
                      if study is not None else None)  # fmt: skip
        pane = self.query_one(StudyPane)
        if study is None:
            pane.query_one(RunTable).show_study(None, None, self.colours)
            return
        if study.name != self._shown:
            self._shown = study.name
            pane.begin_study()
        pane.show_study(
            study,
            self._outcomes.latest(study),
            self.chart_style,
            self._marked,
            place=(table.cursor_row + 1, table.row_count),
            now=self.now,
        )
        self.call_after_refresh(self._request_outcomes)

    def _request_outcomes(self) -> None:
        """Compare the runs of the study under the cursor, then of the others on screen."""
        table, study = self.query_one(StudyTable), self.study
        first = round(table.scroll_y)
        names = table.keys[first : first + max(1, table.size.height)] if table.display else []
        found = [self.snapshot.study(name) for name in names] if self.snapshot else []
        self._outcomes.request([each for each in (study, *found) if each is not None])

    def _caption(self, count: int) -> str:
        title = f"Studies by {'newest event' if self._order == 'newest' else self._order}"
        return f"{title}: {count} matching {self._filter!r}" if self._filter else title
