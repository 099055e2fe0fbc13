"""The application's answers to what screens want: asked first where it cannot be taken back."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from textual import work
from textual.app import App

from medtui.errors import MedtuiError, explain_os_error
from medtui.monitor.poller import Poller
from medtui.tui.actions import (
    DeleteWanted,
    Errands,
    ExportWanted,
    ModelWanted,
    NoteWanted,
    ResumeWanted,
    StopWanted,
)
from medtui.tui.screens.confirm import Choice, Question
from medtui.tui.screens.prompt import Prompt

CANCEL = Choice("c", "", "Cancel")


class Answering(App[None]):
    """Mixed into the application, which makes `errands` and `feed`."""

    is_ascii: bool
    errands: Errands
    feed: Poller

    def on_stop_wanted(self, message: StopWanted) -> None:
        """Ask before anything is stopped."""
        study, run = message.study, message.run
        is_run_live = run is not None and run.status == "running"
        if not (study.is_live or is_run_live):
            self.notify(f"{study.name} is not running.")
            return
        choices = [Choice("w", "study", f"Stop the whole study {study.name}"), CANCEL]
        if run is not None and is_run_live:
            choices.insert(
                0, Choice("t", "run", f"Stop this run; {study.name} goes on with the next")
            )
        sentence = "Stop? A checkpoint is written first, and r resumes from it."
        self.push_screen(Question(sentence, choices), partial(self._stop, message))

    def on_delete_wanted(self, message: DeleteWanted) -> None:
        """Ask before anything is deleted."""
        name = message.study.name
        choices = [CANCEL, Choice("d", "delete", f"Delete {name} with all its runs, for good")]
        sentence = f"Delete {name}? Its models, logs and results cannot be brought back."
        self.push_screen(Question(sentence, choices), partial(self._delete, name))

    def on_note_wanted(self, message: NoteWanted) -> None:
        """Ask what to write."""
        name = message.study.name
        self.push_screen(
            Prompt(f"A line about {name}:", message.study.note), partial(self._note, name)
        )

    def on_export_wanted(self, message: ExportWanted) -> None:
        """Write a chart to files."""
        self._run_errand(partial(self.errands.export, message))

    @work(group="errands")
    async def on_model_wanted(self, message: ModelWanted) -> None:
        """Open the export of a run that has a model."""
        from medtui.tui.screens.export_dialog import ExportScreen

        with self.failures_shown("Not exported"):
            run = await asyncio.to_thread(self.errands.finished_run, message.key)
            if run is None:
                self.notify("Only a finished run has a model to export.", severity="warning")
            else:
                self.push_screen(ExportScreen(run))

    def on_resume_wanted(self, message: ResumeWanted) -> None:
        """Start what is unfinished."""
        study = message.study
        if study.is_live:
            is_ending = study.live_run is None
            self.notify(
                f"{study.name} is about to end or to go on; press r again in a moment."
                if is_ending
                else f"{study.name} is running already."
            )
        elif study.status == "finished":
            self.notify(f"{study.name} is finished: nothing is left to do.")
        else:
            self._run_errand(partial(self.errands.resume, study.name))

    def _stop(self, wanted: StopWanted, answer: str | None) -> None:
        if answer == "run" and wanted.run is not None:
            self._run_errand(partial(self.errands.stop_run, wanted.run))
        elif answer == "study":
            self._run_errand(partial(self.errands.stop_study, wanted.study.name))

    def _delete(self, name: str, answer: str | None) -> None:
        if answer == "delete":
            self._run_errand(partial(self.errands.delete, name))

    def _note(self, name: str, text: str | None) -> None:
        if text is not None:
            self._run_errand(partial(self.errands.note, name, text))

    @work(group="errands")
    async def _run_errand(self, errand: Callable[[], str]) -> None:
        with self.failures_shown("Not done"):
            self.notify(await asyncio.to_thread(errand), markup=False)
        self.feed.poll_now()

    @contextmanager
    def failures_shown(self, title: str) -> Iterator[None]:
        """Show what an action could not do as a notice; the application goes on."""
        try:
            yield
        except OSError as error:
            self.notify(str(explain_os_error(error)), title=title, severity="error", markup=False)
        except MedtuiError as error:
            self.notify(str(error), title=title, severity="error", markup=False)
