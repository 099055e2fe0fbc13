"""One study on Home: its runs, its picture, the run under the cursor, and what it found."""

from collections.abc import Collection
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from medtui.analysis.outcome import StudyOutcome
from medtui.charts.style import ChartStyle
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.tui.widgets.study_list import RunTable
from medtui.tui.widgets.study_picture import StudyPicture
from medtui.tui.widgets.study_text import run_details, sentences, study_line


class StudyPane(Vertical):
    """Shows the study under the cursor."""

    DEFAULT_CSS = """
    StudyPane {
        height: 1fr;
        #study-line { height: 1; display: none; }
        #panes { height: 1fr; }
        #left { width: 1fr; height: 100%; }
        #runs { height: 1fr; }
        #run-details { height: 4; padding: 0 2; }
        #picture { width: 1fr; height: 100%; }
        #sentences { height: 2; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="study-line")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield RunTable()
                yield Static(id="run-details")
            yield StudyPicture(id="picture")
        yield Static(id="sentences")

    @dataclass
    class Ready(Message):
        """All parts are mounted: snapshots that came before have to be shown now."""

    def on_mount(self) -> None:
        """Notify the screen."""
        # A widget that is updated with the same text would be redrawn.
        self._texts = dict[str, Text]()
        self._is_new = False
        self.post_message(self.Ready())

    @property
    def is_ready(self) -> bool:
        """Whether all parts are mounted."""
        return bool(self.query(StudyPicture)) and self.is_mounted

    def begin_study(self) -> None:
        """Put the cursor on the live run, else on the chosen one, when a study is shown next."""
        self._is_new = True

    def show_study(
        self,
        study: StudySummary,
        outcome: StudyOutcome | None,
        style: ChartStyle,
        marked: Collection[str],
        *,
        place: tuple[int, int],
        now: float,
    ) -> None:
        """Show a study; `place` is its number among those shown, and their count."""
        table = self.query_one(RunTable)
        table.show_study(study, outcome, style.colours, marked, now=now)
        self._go_to_first(study, outcome, table)
        run = self._selected(study)
        self.query_one(StudyPicture).show_study(study, outcome, run.key if run else "", style)
        self._put("study-line", study_line(study, *place, style.colours, now))
        lines = sentences(study, outcome, style.colours, max(20, self.size.width - 1))
        self._put("sentences", Text("\n").join(lines))
        details = run_details(run, outcome, style.colours, now) if run else Text()
        self._put("run-details", details)

    def _go_to_first(
        self, study: StudySummary, outcome: StudyOutcome | None, table: RunTable
    ) -> None:
        """Move the cursor to the run that matters, unless it was moved before that was known."""
        chosen = outcome.chosen if outcome else None
        if self._is_new and study.live_run is not None:
            table.select(study.live_run.key)
        elif self._is_new and chosen is not None and table.cursor_row == 0:
            table.select(f"{study.name}/{chosen.names[0]}")
        self._is_new = self._is_new and outcome is None and table.cursor_row == 0

    def _selected(self, study: StudySummary) -> RunSummary | None:
        key = self.query_one(RunTable).selected
        return next((run for run in study.runs if run.key == key), None)

    def _put(self, name: str, text: Text) -> None:
        if self._texts.get(name) != text:
            self._texts[name] = text
            self.query_one(f"#{name}", Static).update(text)
