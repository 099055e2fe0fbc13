"""What Home does with the study or the run under the cursor."""

from pathlib import Path

from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary
from medtui.tui.actions.messages import (
    DeleteRequested,
    DraftRequested,
    NoteRequested,
    RestoreRequested,
    ResumeRequested,
    StartRequested,
    StopRequested,
)
from medtui.tui.clipboard import copy_text
from medtui.tui.screens.refusals import refusal
from medtui.tui.screens.snapshot_screen import SnapshotScreen
from medtui.tui.widgets.study_list import RunTable, StudyTable
from medtui.tui.widgets.study_picture import StudyPicture


class HomeActions(SnapshotScreen):
    """The actions that ask for something; what is shown is `HomeScreen`'s."""

    @property
    def study(self) -> StudySummary | None:
        """The study under the cursor."""
        name = self.query_one(StudyTable).selected
        return self.snapshot.study(name) if self.snapshot and name else None

    @property
    def run(self) -> RunSummary | None:
        """The run under the cursor; None unless the runs or their picture have the focus."""
        table, picture = self.query_one(RunTable), self.query_one(StudyPicture)
        if self.study is None or not (table.has_focus or picture.has_focus):
            return None
        return next((run for run in self.study.runs if run.key == table.selected), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let `d` and Enter start the demo only where there is no study, once that is known."""
        if action == "demo":
            known = self.snapshot
            if known is None or known.studies or known.num_unread or known.problem:
                return False
        return super().check_action(action, parameters)

    def action_demo(self) -> None:
        """Start the demo, once: it is not shown yet where the key is pressed again."""
        from medtui.preset import load_preset  # pydantic is not needed for the first screen

        if (getattr(self.app, "runs_dir", Path()) / "demo").exists():
            return
        self.post_message(StartRequested(load_preset("demo"), is_watched=False))

    def why_not(self, action: str) -> str:
        """Return why an action can do nothing for the study under the cursor."""
        if action == "mark" and self.study is not None and self.run is None:
            return "No run is under the cursor: Enter goes to the runs."
        return refusal(action, self.study, self.run)

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

    def action_new(self) -> None:
        from medtui.tui.editor.new_study_screen import NewStudyScreen

        self.app.push_screen(NewStudyScreen())

    def action_stop(self) -> None:
        if self.study is not None:
            self.post_message(StopRequested(self.study, self.run))

    def action_edit(self) -> None:
        if self.study is not None:
            self.post_message(DraftRequested(self.run.key if self.run else self.study.name))

    def action_resume(self) -> None:
        if self.study is not None:
            self.post_message(ResumeRequested(self.study, self.run))
